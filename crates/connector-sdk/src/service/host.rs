//! What kind of machine this is, as the server shows it.
//!
//! Source: baton-service-mode §6, `os_info`.

use nix::sys::utsname::{UtsName, uname};
use proto::c1::connectorapi::baton::v1::baton_service_hello_request::OsInfo;

/// The longest text of the message. Source: the field rules of `BatonServiceHelloRequest`.
const MAX_CHARS: usize = 256;

/// The name of the host; empty when it has none.
pub(super) fn name() -> String {
    uname().map(|system| system.nodename().to_string_lossy().into_owned()).unwrap_or_default()
}

/// What is known about this machine. Nothing in it is empty: servers refuse that.
pub(super) fn describe() -> OsInfo {
    let system = uname().ok();
    let of = |part: fn(&UtsName) -> &std::ffi::OsStr| {
        system.as_ref().map(|system| part(system).to_string_lossy().into_owned()).unwrap_or_default()
    };
    // Small; and read once in the life of the process, or when the server asks.
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        os => os,
    };
    let first = |texts: &[&str]| {
        let text = texts.iter().find(|text| !text.is_empty()).copied().unwrap_or("unknown");
        text.chars().take(MAX_CHARS).collect::<String>()
    };
    let platform = first(&[field(&release, "ID"), os]);
    let kernel = first(&[&of(UtsName::release)]);
    OsInfo {
        hostname: first(&[&of(UtsName::nodename)]),
        os: first(&[os]),
        platform_version: first(&[field(&release, "VERSION_ID"), &kernel]),
        platform_family: first(&[field(&release, "ID_LIKE"), &platform]),
        kernel_arch: first(&[&of(UtsName::machine), std::env::consts::ARCH]),
        virtualization_system: first(&[virtualization()]),
        platform,
        kernel_version: kernel,
    }
}

/// What keeps the process apart from the machine.
fn virtualization() -> &'static str {
    let is = |path: &str| std::path::Path::new(path).exists();
    if is("/.dockerenv") {
        "docker"
    } else if is("/run/.containerenv") {
        "podman"
    } else {
        "none"
    }
}

/// A value of `os-release`.
fn field<'a>(release: &'a str, name: &str) -> &'a str {
    let value = release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    value.unwrap_or_default().trim().trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_empty_or_too_long() {
        let all = describe();
        for text in [
            &all.hostname,
            &all.os,
            &all.platform,
            &all.platform_version,
            &all.platform_family,
            &all.kernel_version,
            &all.kernel_arch,
            &all.virtualization_system,
        ] {
            assert!((1..=MAX_CHARS).contains(&text.chars().count()), "{all:?}");
        }
    }

    #[test]
    fn values_of_the_release_file_are_read() {
        let release = "ID=debian\nVERSION_ID=\"12\"\nID_LIKE=\n";
        let got = ["ID", "VERSION_ID", "ID_LIKE", "NAME"].map(|name| field(release, name));
        assert_eq!(got, ["debian", "12", "", ""]);
    }
}
