//! The constants of the `libc` crate, and on Linux those of `linux-raw-sys`.

/// Stands for a constant that a crate does not have.
struct Absent;

trait Number {
    fn number(self) -> f64;
}

impl Number for Absent {
    fn number(self) -> f64 {
        f64::NAN
    }
}

macro_rules! numbers {
    ($($type:ty)*) => { $(impl Number for $type {
        fn number(self) -> f64 {
            self as f64
        }
    })* };
}
numbers! { i8 u8 i16 u16 i32 u32 i64 u64 isize usize }

/// What the headers of the kernel have as enumerators: `IPPROTO_TCP` and its like.
#[cfg(target_os = "linux")]
impl Number for linux_raw_sys::net::_bindgen_ty_1 {
    fn number(self) -> f64 {
        self as u32 as f64
    }
}

/// One constant, by what each crate says.
pub struct Constant {
    pub name: &'static str,
    pub libc: fn() -> f64,
    pub kernel: fn() -> f64,
}

/// A block inside sees a crate's names first, and behind them what the blocks outside have.
macro_rules! constants {
    ($($name:ident)*) => {
        #[allow(dead_code, unused_imports, non_upper_case_globals)]
        pub static CONSTANTS: &[Constant] = &[$(Constant {
            name: stringify!($name),
            libc: || {
                const $name: Absent = Absent;
                {
                    use libc::*;
                    Number::number($name)
                }
            },
            #[cfg(target_os = "linux")]
            kernel: || {
                const $name: Absent = Absent;
                {
                    use linux_raw_sys::general::*;
                    {
                        use linux_raw_sys::io_uring::*;
                        {
                            use linux_raw_sys::ioctl::*;
                            {
                                use linux_raw_sys::net::*;
                                Number::number($name)
                            }
                        }
                    }
                }
            },
            #[cfg(not(target_os = "linux"))]
            kernel: || f64::NAN,
        }),*];
    };
}

include!(concat!(env!("OUT_DIR"), "/constants.rs"));

fn find(name: &str) -> Option<&'static Constant> {
    CONSTANTS.iter().find(|it| it.name == name)
}

pub fn of_libc(name: &str) -> f64 {
    find(name).map_or(f64::NAN, |it| (it.libc)())
}

pub fn of_kernel(name: &str) -> f64 {
    find(name).map_or(f64::NAN, |it| (it.kernel)())
}
