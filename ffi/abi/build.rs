//! Turns the lists in `names/` into questions: Rust that asks the `libc` crate, and C that asks the
//! platform's own headers. The C part needs headers of the target, so it is left out where a Mac's
//! table is only type-checked on another system.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

struct Field {
    c: String,
    rust: Option<String>,
    plain: bool,
}

struct Struct {
    name: String,
    in_libc: bool,
    fields: Vec<Field>,
}

fn lines(list: &str) -> Vec<String> {
    let path = format!("names/{list}.txt");
    println!("cargo:rerun-if-changed={path}");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.lines()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

/// Constants that macros announce, and enumerators of this system.
fn constants(os: &str) -> (Vec<String>, Vec<String>) {
    let (mut macros, mut enumerators) = (vec![], vec![]);
    for line in lines("constants") {
        let (target, names) = match line.strip_prefix("enum ") {
            None => (&mut macros, line.as_str()),
            Some(rest) => {
                let (system, names) = rest.split_once(':').expect("enum <os>: names");
                if system != os {
                    continue;
                }
                (&mut enumerators, names)
            }
        };
        target.extend(names.split_whitespace().map(str::to_owned));
    }
    (macros, enumerators)
}

fn field(word: &str) -> Field {
    let in_libc = !word.ends_with("@headers");
    let word = word.trim_end_matches("@headers");
    let plain = !word.ends_with("[]");
    let word = word.trim_end_matches("[]");
    let (c, rust) = word.split_once('=').unwrap_or((word, word));
    Field { c: c.to_owned(), rust: in_libc.then(|| rust.to_owned()), plain }
}

fn structs(os: &str) -> Vec<Struct> {
    let mut found = vec![];
    for line in lines("structs") {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, system, place, fields @ ..] = words.as_slice() else { panic!("{line}") };
        if *system == "any" || *system == os {
            found.push(Struct {
                name: (*name).to_owned(),
                in_libc: *place == "both",
                fields: fields.iter().map(|word| field(word)).collect(),
            });
        }
    }
    found
}

fn rust_list(name: &str, items: &[&[String]]) -> String {
    format!("{name}! {{ {} }}\n", items.concat().join(" "))
}

fn rust_struct(it: &Struct) -> String {
    let mut out = format!("    {} {{", it.name);
    for (index, field) in it.fields.iter().enumerate() {
        let Some(rust) = &field.rust else { continue };
        let kind = if field.plain { "plain" } else { "bytes" };
        out += &format!(" {index} \"{}\" {rust} {kind},", field.c);
    }
    out + " }\n"
}

fn rust_structs(structs: &[Struct], types: &[String]) -> String {
    let rows: String = structs.iter().filter(|it| it.in_libc).map(rust_struct).collect();
    rust_list("types", &[types]) + &format!("structs! {{\n{rows}}}\n")
}

fn c_constants(macros: &[String], enumerators: &[String]) -> String {
    let mut out = String::from("static const struct constant constants[] = {\n");
    for name in macros {
        out += &format!("#ifdef {name}\n    {{ \"{name}\", (double) ({name}) }},\n#endif\n");
    }
    for name in enumerators {
        out += &format!("    {{ \"{name}\", (double) {name} }},\n");
    }
    out + "    { 0, 0 }\n};\n\n"
}

fn c_types(types: &[String]) -> String {
    let rows: String = types.iter().map(|name| format!("    TYPE({name}),\n")).collect();
    format!("static const struct type types[] = {{\n{rows}    {{ 0, 0, 0 }}\n}};\n\n")
}

/// The fields of one struct, and the function that fills it.
fn c_struct(it: &Struct) -> String {
    let name = &it.name;
    let (mut rows, mut assignments) = (String::new(), String::new());
    for (index, field) in it.fields.iter().enumerate() {
        let setter = if field.plain { "PLAIN" } else { "BYTES" };
        rows += &format!("    FIELD({name}, {}),\n", field.c);
        assignments += &format!("    {setter}(s.{}, v[{index}]);\n", field.c);
    }
    format!(
        "static const struct field {name}_fields[] = {{\n{rows}    {{ 0, 0, 0 }}\n}};\n\n\
         static void {name}_image(void *out, const int64_t *v)\n{{\n    struct {name} s;\n    \
         memset(&s, 0, sizeof s);\n{assignments}    memcpy(out, &s, sizeof s);\n}}\n\n"
    )
}

fn c_structs(structs: &[Struct]) -> String {
    let definitions: String = structs.iter().map(c_struct).collect();
    let rows: String = structs.iter().map(|it| format!("    LAYOUT({}),\n", it.name)).collect();
    format!(
        "{definitions}static const struct layout layouts[] = {{\n{rows}    {{ 0, 0, 0, 0 }}\n}};\n"
    )
}

fn write(directory: &Path, name: &str, text: &str) {
    fs::write(directory.join(name), text).unwrap_or_else(|error| panic!("{name}: {error}"));
}

fn main() {
    let out = PathBuf::from(env::var("OUT_DIR").unwrap());
    let os = env::var("CARGO_CFG_TARGET_OS").unwrap();
    let (macros, enumerators) = constants(&os);
    let structs = structs(&os);
    let types: Vec<String> = lines("types")
        .iter()
        .flat_map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    write(&out, "constants.rs", &rust_list("constants", &[&macros, &enumerators]));
    write(&out, "structs.rs", &rust_structs(&structs, &types));
    let c = c_constants(&macros, &enumerators) + &c_types(&types) + &c_structs(&structs);
    write(&out, "names.c.h", &c);

    println!("cargo:rustc-check-cfg=cfg(headers)");
    println!("cargo:rerun-if-changed=src/headers.c");
    let host = env::var("HOST").unwrap();
    if os == "macos" && !host.contains("apple") {
        return;
    }
    println!("cargo:rustc-cfg=headers");
    cc::Build::new().file("src/headers.c").include(&out).warnings(true).compile("headers");
}
