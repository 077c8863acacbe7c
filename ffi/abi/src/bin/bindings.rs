//! `bindings <out.ts> <library>`: generate the TypeScript side, with the generator that the
//! `deno_bindgen` crate itself carries.

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [out, library] = arguments.as_slice() else {
        return Err(std::io::Error::other("Give the file to write and the library to open"));
    };
    abi::write_bindings(out, library)
}
