//! A table of another system, as statements about that system's part of the `libc` crate: they hold if
//! this file compiles for it. Nothing is linked or run, so no headers of that system are needed. The
//! test that writes the statements names their file in `ABI_EXPECT`.

#![no_std]
#![allow(dead_code, unused_imports, non_upper_case_globals)]

/// What a name stands for that the crate does not have.
const ABSENT: i128 = i128::MIN;

const fn width<S, F>(_: fn(&S) -> *const F) -> usize {
    core::mem::size_of::<F>()
}

/// One of the values, which a block inside compares with what the crate has under the name.
macro_rules! constant {
    ($name:ident is $($value:expr),+) => {
        const _: () = {
            const $name: i128 = ABSENT;
            {
                use libc::*;
                assert!($($name as i128 == $value)||+, stringify!($name))
            }
        };
    };
}

macro_rules! layout {
    ($name:ident has $size:literal bytes: $($field:ident at $offset:literal wide $width:literal,)*) => {
        const _: () = {
            assert!(core::mem::size_of::<libc::$name>() == $size, stringify!($name));
            $(
                assert!(core::mem::offset_of!(libc::$name, $field) == $offset, stringify!($field));
                assert!(width(|it: &libc::$name| core::ptr::addr_of!(it.$field)) == $width, stringify!($field));
            )*
        };
    };
}

include!(env!("ABI_EXPECT"));

#[no_mangle]
pub extern "C" fn stated() {}
