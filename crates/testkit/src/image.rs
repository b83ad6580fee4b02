//! Container images without a container engine: an OCI layout with one program, what it needs, and nothing else.
//!
//! There is no shell in it and no package manager; the program runs as nobody in particular (65532).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use anyhow::{Context as _, ensure};
use camino::{Utf8Path, Utf8PathBuf};

/// The user and group of the program.
pub const USER: &str = "65532:65532";
/// The certificate authorities that Debian trusts.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
/// What the C library loads by itself to find hosts.
const NAME_SERVICE: [&str; 3] = ["libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2"];

/// Writes an image with this program into the OCI layout at `layout`, made anew, under `tag`.
///
/// # Errors
/// When `umoci` is not installed, or the program needs a library that is not there.
pub fn build(program: &Utf8Path, layout: &Utf8Path, tag: &str) -> anyhow::Result<()> {
    if layout.exists() {
        fs::remove_dir_all(layout).with_context(|| format!("empty `{layout}`"))?;
    }
    if let Some(parent) = layout.parent() {
        fs::create_dir_all(parent)?;
    }
    let name = program.file_name().context("the program has a name")?;
    let image = format!("{layout}:{tag}");
    let work = tempfile::tempdir()?;
    let bundle = Utf8Path::from_path(work.path()).context("the temporary folder is UTF-8")?.join("bundle");
    umoci(&["init", "--layout", layout.as_str()])?;
    umoci(&["new", "--image", &image])?;
    umoci(&["unpack", "--rootless", "--image", &image, bundle.as_str()])?;
    fill(&bundle.join("rootfs"), program, name)?;
    umoci(&["repack", "--image", &image, bundle.as_str()])?;
    let entrypoint = format!("/usr/local/bin/{name}");
    umoci(&[
        "config",
        "--image",
        &image,
        "--config.user",
        USER,
        "--config.entrypoint",
        &entrypoint,
        "--config.workingdir",
        "/tmp",
    ])?;
    umoci(&["gc", "--layout", layout.as_str()])
}

/// Unpacks an image. Returns the folder that is its root, and its configuration for a runtime.
///
/// # Errors
/// When `umoci` refuses.
pub fn unpack(layout: &Utf8Path, tag: &str, bundle: &Utf8Path) -> anyhow::Result<(Utf8PathBuf, String)> {
    umoci(&["unpack", "--rootless", "--image", &format!("{layout}:{tag}"), bundle.as_str()])?;
    let config = fs::read_to_string(bundle.join("config.json"))?;
    Ok((bundle.join("rootfs"), config))
}

/// Puts the program and what it needs into the root.
fn fill(root: &Utf8Path, program: &Utf8Path, name: &str) -> anyhow::Result<()> {
    place(program, &root.join(format!("usr/local/bin/{name}")), 0o755)?;
    for library in libraries(program)? {
        place(&library, &root.join(library.as_str().trim_start_matches('/')), 0o755)?;
    }
    place(Utf8Path::new(AUTHORITIES), &root.join(AUTHORITIES.trim_start_matches('/')), 0o644)?;
    let texts = [
        ("etc/passwd", "nobody:x:65532:65532:nobody:/tmp:/sbin/nologin\n"),
        ("etc/group", "nobody:x:65532:\n"),
        ("etc/nsswitch.conf", "hosts: files dns\n"),
    ];
    for (path, text) in texts {
        let path = root.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, text)?;
    }
    let temporary = root.join("tmp");
    fs::create_dir_all(&temporary)?;
    fs::set_permissions(&temporary, fs::Permissions::from_mode(0o1777))?;
    Ok(())
}

/// The libraries that the loader finds for the program, the loader itself included.
fn libraries(program: &Utf8Path) -> anyhow::Result<Vec<Utf8PathBuf>> {
    let output = Command::new("ldd").arg(program).output().context("run `ldd`")?;
    ensure!(output.status.success(), "ldd {program}: {}", String::from_utf8_lossy(&output.stderr).trim());
    let text = String::from_utf8(output.stdout)?;
    ensure!(!text.contains("not found"), "`{program}` needs a library that is not there:\n{text}");
    let mut found: Vec<Utf8PathBuf> =
        text.split_whitespace().filter(|word| word.starts_with('/')).map(Utf8PathBuf::from).collect();
    let beside = found.iter().find(|path| path.file_name() == Some("libc.so.6")).and_then(|path| path.parent());
    let beside = beside.map(Utf8Path::to_owned).context("the program uses the C library")?;
    found.extend(NAME_SERVICE.iter().map(|library| beside.join(library)));
    Ok(found)
}

fn place(from: &Utf8Path, to: &Utf8Path, mode: u32) -> anyhow::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::copy(from, to).with_context(|| format!("copy `{from}`"))?;
    fs::set_permissions(to, fs::Permissions::from_mode(mode))?;
    Ok(())
}

fn umoci(arguments: &[&str]) -> anyhow::Result<()> {
    let output = Command::new("umoci").args(arguments).output().context("run `umoci`; hint: apt-get install umoci")?;
    ensure!(
        output.status.success(),
        "umoci {}: {}",
        arguments.first().unwrap_or(&""),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
