//! What the platform's headers say, by way of `headers.c`.

use std::ffi::{c_char, c_void, CStr};

extern "C" {
    fn headers_constant(name: *const u8, length: usize, value: *mut f64) -> i32;
    fn headers_type(name: *const u8, length: usize) -> i32;
    fn headers_size(name: *const u8, length: usize) -> i32;
    fn headers_field(
        name: *const u8,
        length: usize,
        index: u32,
        field: *mut *const c_char,
        offset: *mut i32,
        width: *mut i32,
    ) -> i32;
    fn headers_image(name: *const u8, length: usize, values: *const i64, out: *mut c_void) -> i32;
    fn headers_cmsg(what: u32, length: u32) -> u32;
    fn headers_control(
        fds: *const i32,
        count: u32,
        extra: u32,
        kind: i32,
        out: *mut u8,
        capacity: u32,
    ) -> i32;
    fn headers_sockaddr(path: *const u8, length: u32, out: *mut u8) -> i32;
}

pub fn constant(name: &str) -> f64 {
    let mut value = f64::NAN;
    unsafe { headers_constant(name.as_ptr(), name.len(), &mut value) };
    value
}

pub fn type_width(name: &str) -> i32 {
    unsafe { headers_type(name.as_ptr(), name.len()) }
}

pub fn size(name: &str) -> i32 {
    unsafe { headers_size(name.as_ptr(), name.len()) }
}

/// Name, offset and width of field number `index`.
pub fn field(name: &str, index: u32) -> Option<(&'static str, i32, i32)> {
    let (mut field, mut offset, mut width) = (std::ptr::null(), 0, 0);
    let found = unsafe {
        headers_field(name.as_ptr(), name.len(), index, &mut field, &mut offset, &mut width)
    };
    if found == 0 {
        return None;
    }
    // Names of fields are literals in the C file.
    let field = unsafe { CStr::from_ptr(field) };
    Some((field.to_str().ok()?, offset, width))
}

pub fn image(name: &str, values: &[i64], out: &mut [u8]) -> i32 {
    assert!(out.len() as i32 >= size(name));
    unsafe { headers_image(name.as_ptr(), name.len(), values.as_ptr(), out.as_mut_ptr().cast()) }
}

pub fn cmsg(what: u32, length: u32) -> u32 {
    unsafe { headers_cmsg(what, length) }
}

pub fn control(fds: &[i32], extra: u32, kind: i32, out: &mut [u8]) -> i32 {
    let (count, capacity) = (fds.len() as u32, out.len() as u32);
    unsafe { headers_control(fds.as_ptr(), count, extra, kind, out.as_mut_ptr(), capacity) }
}

/// `out` must have space for a whole `sockaddr_un`.
pub fn sockaddr(path: &[u8], out: &mut [u8]) -> i32 {
    assert!(out.len() as i32 >= size("sockaddr_un"));
    unsafe { headers_sockaddr(path.as_ptr(), path.len() as u32, out.as_mut_ptr()) }
}
