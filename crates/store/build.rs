//! Compiles the migrations anew when one is added; the compiler sees changes of those it knows only.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
