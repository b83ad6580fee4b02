//! Compiles the `.proto` files into Rust, and into the descriptors behind the JSON.
//!
//! No installed `protoc` is needed. This is the only build script of the workspace that knows
//! about Protocol Buffers.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use prost_types::{DescriptorProto, FileDescriptorSet};

/// Messages whose fields are secrets: their `Debug` is written by hand, and prints nothing.
///
/// `src/secret.rs` has the other half; a message that is missing there does not compile.
const SECRET: [&str; 6] = [
    ".c1.connector.v2.LocalCredentialOptions.PlaintextPassword",
    ".c1.connector.v2.PlaintextData",
    ".c1.connectorapi.baton.v1.GetConnectorConfigResponse",
    ".c1.connectorapi.baton.v1.GetConnectorOauthTokenResponse",
    ".c1.connectorapi.baton.v1.SignedHeader",
    ".c1.utls.v1.Credential",
];

/// Files that nothing imports, but whose messages an `Any` may hold.
const KNOWN: [&str; 2] = ["google/protobuf/empty.proto", "google/protobuf/field_mask.proto"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new("proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(root, &mut files)?;
    files.sort();
    files.extend(KNOWN.map(PathBuf::from));

    let mut compiler = protox::Compiler::new([root])?;
    compiler.include_imports(true).include_source_info(false).open_files(&files)?;
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out_dir.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;

    let mut descriptors = compiler.include_source_info(true).file_descriptor_set();
    forget_deprecations(&mut descriptors);
    let mut config = tonic_prost_build::Config::new();
    // What `Name::type_url` says, and so what `Any::from_msg` writes.
    config.enable_type_names().type_name_domain(["."], "type.googleapis.com");
    tonic_prost_build::configure()
        .build_transport(false)
        .btree_map(".")
        .skip_debug(SECRET)
        .include_file("wire.rs")
        .compile_fds_with_config(descriptors, config)?;
    Ok(())
}

/// Adds every `.proto` file below `folder`.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}

/// Takes the deprecation marks from what Rust sees; the embedded descriptors keep them.
///
/// Deprecated fields (the profile of a user trait, say) are what files in the field hold: to read
/// and write them is the task, and no use of them deserves a warning.
fn forget_deprecations(descriptors: &mut FileDescriptorSet) {
    fn visit(message: &mut DescriptorProto) {
        if let Some(options) = &mut message.options {
            options.deprecated = None;
        }
        for options in message.field.iter_mut().filter_map(|field| field.options.as_mut()) {
            options.deprecated = None;
        }
        message.nested_type.iter_mut().for_each(visit);
    }
    for file in &mut descriptors.file {
        file.message_type.iter_mut().for_each(visit);
    }
}
