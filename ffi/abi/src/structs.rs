//! What the `libc` crate says about types and structs.

use std::mem::{offset_of, size_of};

macro_rules! types {
    ($($name:ident)*) => {
        /// Sizes in bytes, negative for signed types.
        pub static TYPES: &[(&str, i32)] = &[$((stringify!($name), {
            let size = size_of::<libc::$name>() as i32;
            if libc::$name::MIN == 0 { size } else { -size }
        })),*];
    };
}

/// One field: its number in the list, C name, offset and width.
pub struct Field {
    pub index: usize,
    pub name: &'static str,
    pub offset: usize,
    pub width: usize,
}

/// One struct.
pub struct Layout {
    pub name: &'static str,
    pub size: usize,
    pub fields: &'static [Field],
    pub image: fn(values: &[i64], out: &mut [u8]),
}

const fn width<S, F>(_: fn(&S) -> *const F) -> usize {
    size_of::<F>()
}

macro_rules! assign {
    ($target:ident . $field:ident, plain, $value:expr) => {
        std::ptr::addr_of_mut!((*$target).$field).write_unaligned($value as _)
    };
    ($target:ident . $field:ident, bytes, $value:expr) => {{
        let field = std::ptr::addr_of_mut!((*$target).$field);
        let value = $value.to_ne_bytes();
        let capacity = size_behind(field).min(value.len());
        std::ptr::copy_nonoverlapping(value.as_ptr(), field.cast(), capacity)
    }};
}

fn size_behind<F>(_: *mut F) -> usize {
    size_of::<F>()
}

macro_rules! structs {
    ($($name:ident { $($index:literal $c:literal $field:ident $kind:ident,)* })*) => {
        pub static LAYOUTS: &[Layout] = &[$(Layout {
            name: stringify!($name),
            size: size_of::<libc::$name>(),
            fields: &[$(Field {
                index: $index,
                name: $c,
                offset: offset_of!(libc::$name, $field),
                width: width(|it: &libc::$name| std::ptr::addr_of!(it.$field)),
            }),*],
            image: |values, out| {
                let out = &mut out[..size_of::<libc::$name>()];
                out.fill(0);
                // Field by field in the caller's memory: what lies between fields keeps its zeroes,
                // as it need not when a whole struct is copied.
                let target = out.as_mut_ptr().cast::<libc::$name>();
                unsafe { $(assign!(target.$field, $kind, values[$index]);)* }
            },
        }),*];
    };
}

include!(concat!(env!("OUT_DIR"), "/structs.rs"));

pub fn type_width(name: &str) -> i32 {
    TYPES.iter().find(|it| it.0 == name).map_or(0, |it| it.1)
}

pub fn layout(name: &str) -> Option<&'static Layout> {
    LAYOUTS.iter().find(|it| it.name == name)
}

/// CMSG_ALIGN, which the crate keeps to itself, is what CMSG_SPACE adds to an empty item's.
pub fn cmsg(what: u32, length: u32) -> u32 {
    unsafe {
        match what {
            0 => libc::CMSG_SPACE(length) - libc::CMSG_SPACE(0),
            1 => libc::CMSG_LEN(length),
            _ => libc::CMSG_SPACE(length),
        }
    }
}
