//! What this platform says about the constants, types and structs that `ffi/platform` holds. There
//! are three witnesses: 0 is the `libc` crate, 1 the platform's own headers, 2 the headers of a newer
//! kernel (`linux-raw-sys`, for constants alone). Development only.
//!
//! The functions keep to what `deno_bindgen` generates well: 32-bit numbers, `f64`, byte slices.

use deno_bindgen::deno_bindgen;

mod constants;
#[cfg(headers)]
mod headers;
mod structs;

/// For a build without the target's headers: a witness that knows nothing.
#[cfg(not(headers))]
#[rustfmt::skip]
mod headers {
    pub fn constant(_: &str) -> f64 { f64::NAN }
    pub fn type_width(_: &str) -> i32 { 0 }
    pub fn size(_: &str) -> i32 { -1 }
    pub fn field(_: &str, _: u32) -> Option<(&'static str, i32, i32)> { None }
    pub fn image(_: &str, _: &[i64], _: &mut [u8]) -> i32 { -1 }
    pub fn cmsg(_: u32, _: u32) -> u32 { 0 }
    pub fn control(_: &[i32], _: u32, _: i32, _: &mut [u8]) -> i32 { -1 }
    pub fn sockaddr(_: &[u8], _: &mut [u8]) -> i32 { -1 }
}

const LIBC_CRATE: u32 = 0;
const KERNEL: u32 = 2;

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or("")
}

fn numbers(bytes: &[u8]) -> Vec<i64> {
    bytes.chunks_exact(8).map(|it| i64::from_ne_bytes(it.try_into().unwrap())).collect()
}

/// Write `name`, or as much of it as fits, and return its length.
fn put(name: &str, out: &mut [u8]) -> i32 {
    let length = name.len().min(out.len());
    out[..length].copy_from_slice(&name.as_bytes()[..length]);
    name.len() as i32
}

/// The value of a constant, NaN where the witness does not know it.
#[deno_bindgen]
fn abi_constant(witness: u32, name: &[u8]) -> f64 {
    match witness {
        LIBC_CRATE => constants::of_libc(text(name)),
        KERNEL => constants::of_kernel(text(name)),
        _ => headers::constant(text(name)),
    }
}

/// The size of a type in bytes, negative for a signed one, 0 for an unknown one.
#[deno_bindgen]
fn abi_type(witness: u32, name: &[u8]) -> i32 {
    match witness {
        LIBC_CRATE => structs::type_width(text(name)),
        _ => headers::type_width(text(name)),
    }
}

/// The size of a struct in bytes, -1 for an unknown one.
#[deno_bindgen]
fn abi_size(witness: u32, name: &[u8]) -> i32 {
    match witness {
        LIBC_CRATE => structs::layout(text(name)).map_or(-1, |it| it.size as i32),
        _ => headers::size(text(name)),
    }
}

fn field(witness: u32, name: &str, index: u32) -> Option<(&'static str, i32, i32)> {
    if witness != LIBC_CRATE {
        return headers::field(name, index);
    }
    let fields = structs::layout(name)?.fields;
    let it = fields.iter().find(|it| it.index == index as usize)?;
    Some((it.name, it.offset as i32, it.width as i32))
}

/// Write the name of a struct's field and return its length; -1 past the last one or where only the
/// other witness knows it.
#[deno_bindgen]
fn abi_field_name(witness: u32, name: &[u8], index: u32, out: &mut [u8]) -> i32 {
    field(witness, text(name), index).map_or(-1, |it| put(it.0, out))
}

/// The offset of a struct's field in bytes, -1 for an unknown one.
#[deno_bindgen]
fn abi_field_offset(witness: u32, name: &[u8], index: u32) -> i32 {
    field(witness, text(name), index).map_or(-1, |it| it.1)
}

/// The width of a struct's field in bytes, -1 for an unknown one.
#[deno_bindgen]
fn abi_field_width(witness: u32, name: &[u8], index: u32) -> i32 {
    field(witness, text(name), index).map_or(-1, |it| it.2)
}

/// Fill a struct, each field with the 64-bit value of the same number, and return its size.
#[deno_bindgen]
fn abi_image(witness: u32, name: &[u8], values: &[u8], out: &mut [u8]) -> i32 {
    let values = numbers(values);
    match witness {
        LIBC_CRATE => structs::layout(text(name)).map_or(-1, |it| {
            (it.image)(&values, out);
            it.size as i32
        }),
        _ => headers::image(text(name), &values, out),
    }
}

/// CMSG_ALIGN, by witness.
#[deno_bindgen]
fn abi_cmsg_align(witness: u32, length: u32) -> u32 {
    cmsg(witness, 0, length)
}

/// CMSG_LEN, by witness.
#[deno_bindgen]
fn abi_cmsg_len(witness: u32, length: u32) -> u32 {
    cmsg(witness, 1, length)
}

/// CMSG_SPACE, by witness.
#[deno_bindgen]
fn abi_cmsg_space(witness: u32, length: u32) -> u32 {
    cmsg(witness, 2, length)
}

fn cmsg(witness: u32, what: u32, length: u32) -> u32 {
    match witness {
        LIBC_CRATE => structs::cmsg(what, length),
        _ => headers::cmsg(what, length),
    }
}

/// A control buffer written with the macros of the C library: SCM_RIGHTS with the 64-bit numbers in
/// `fds` as descriptors, then `extra` bytes counting up from 1 under the type `kind`.
#[deno_bindgen]
fn abi_control(fds: &[u8], extra: u32, kind: i32, out: &mut [u8]) -> i32 {
    let fds: Vec<i32> = numbers(fds).into_iter().map(|it| it as i32).collect();
    headers::control(&fds, extra, kind, out)
}

/// A `sockaddr_un` as C writes it; the address length.
#[deno_bindgen]
fn abi_sockaddr(path: &[u8], out: &mut [u8]) -> i32 {
    headers::sockaddr(path, out)
}

/// Write the name of a constant that the crate asks for, and return its length; -1 past the last one.
#[deno_bindgen]
fn abi_constant_name(index: u32, out: &mut [u8]) -> i32 {
    constants::CONSTANTS.get(index as usize).map_or(-1, |it| put(it.name, out))
}

/// Write the TypeScript that opens the library `default_path` and calls the functions above.
pub fn write_bindings(out: &str, default_path: &str) -> std::io::Result<()> {
    use deno_bindgen::codegen::{generate, Options, Target};
    generate(
        &deno_bindgen::INVENTORY,
        Options {
            target: Target::Deno,
            out: Some(out.into()),
            local_dylib_path: default_path.into(),
            lazy_init: true,
        },
    )
}

/// The last of nine arguments. On arm64 the procedure call standard passes eight in registers, so
/// it comes from the stack, where a variadic function of Apple's arm64 finds its first unnamed one: the
/// nine-argument entries of `ffi/symbols.ts` have to put it there.
#[no_mangle]
pub extern "C" fn abi_ninth(
    _: i32,
    _: i32,
    _: u64,
    _: u64,
    _: u64,
    _: u64,
    _: u64,
    _: u64,
    last: i64,
) -> i64 {
    last
}
