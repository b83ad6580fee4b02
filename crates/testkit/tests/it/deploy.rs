//! What is in `deploy`: manifests that Kubernetes accepts, and an image that runs with nothing but their environment.

use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::json;
use testkit::{Podium, TOKEN, Workspace, binary, image};

fn root() -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Whether the API schemas accept the manifest.
fn is_valid(path: &Utf8Path) -> bool {
    let venv = std::env::var("TEST_VENV").map_or_else(|_| root().join(".venv"), Utf8PathBuf::from);
    let output = Command::new(venv.join("bin/kubernetes-validate")).args(["--strict", path.as_str()]).output();
    output.map_or_else(
        |error| panic!("run kubernetes-validate: {error}; hint: cargo xtask test"),
        |output| output.status.success(),
    )
}

#[test]
fn manifests_satisfy_the_api_schemas() {
    let folder = root().join("deploy/kubernetes");
    let deployment = folder.join("deployment.yaml");
    assert!(is_valid(&folder.join("secret.yaml")));
    assert!(is_valid(&deployment));

    // The check can fail: a Secret whose flag is no text, and a misspelt field, are refused.
    let broken = tempfile::tempdir().unwrap();
    let broken = Utf8Path::from_path(broken.path()).unwrap().join("broken.yaml");
    let secret = std::fs::read_to_string(folder.join("secret.yaml")).unwrap();
    std::fs::write(&broken, secret.replace("\"true\"", "true")).unwrap();
    assert!(!is_valid(&broken));
    let text = std::fs::read_to_string(&deployment).unwrap();
    std::fs::write(&broken, text.replace("readOnlyRootFilesystem", "readOnlyRootFileSystem")).unwrap();
    assert!(!is_valid(&broken));
}

#[test]
fn manifests_have_the_names_of_the_product_page() {
    let text = |name: &str| std::fs::read_to_string(root().join("deploy/kubernetes").join(name)).unwrap();
    let (secret, deployment) = (text("secret.yaml"), text("deployment.yaml"));
    for needed in [
        "name: baton-whimsical-secrets",
        "BATON_CLIENT_ID:",
        "BATON_CLIENT_SECRET:",
        "BATON_WHIMSICAL_TOKEN:",
        "BATON_PROVISIONING: \"true\"",
    ] {
        assert!(secret.contains(needed), "{needed}");
    }
    for needed in
        ["name: baton-whimsical\n", "name: baton-whimsical-secrets", "name: BATON_HOST_ID", "runAsNonRoot: true"]
    {
        assert!(deployment.contains(needed), "{needed}");
    }
}

#[test]
fn the_image_runs_from_its_root_with_the_environment_of_the_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    let layout = folder.join("image");
    image::build(&binary("baton-whimsical").unwrap(), &layout, "latest").unwrap();
    let (rootfs, config) = image::unpack(&layout, "latest", &folder.join("bundle")).unwrap();
    let config: serde_json::Value = serde_json::from_str(&config).unwrap();
    assert_eq!(config["process"]["args"], json!(["/usr/local/bin/baton-whimsical"]));
    assert_eq!(config["process"]["user"]["uid"], 65532);
    assert!(!rootfs.join("bin/sh").exists(), "there is no shell in it");

    let workspace = Workspace::start(25, &[]).unwrap();
    let podium = Podium::start(&folder.join("data"), &[("PODIUM_CONNECTORS__POLL_INTERVAL", "1s")]).unwrap();
    let wish = json!({"catalogId": "whimsical", "hosting": "self_hosted"});
    let connector = podium.done("POST", "/api/v1/connectors", Some(&wish)).unwrap();
    let path = format!("/api/v1/connectors/{}", connector["id"].as_str().unwrap());
    let pair = podium.done("POST", &format!("{path}/credentials"), Some(&json!({}))).unwrap();
    // A private authority is given to a pod as a file, too.
    std::fs::copy(podium.authority(), rootfs.join("etc/podium-ca.pem")).unwrap();

    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let mut command = if is_root {
        let mut command = Command::new("chroot");
        command.arg(format!("--userspec={}", image::USER));
        command
    } else {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "chroot"]);
        command
    };
    let mut process = command
        .args([rootfs.as_str(), "/usr/local/bin/baton-whimsical"])
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("BATON_CLIENT_ID", pair["clientId"].as_str().unwrap())
        .env("BATON_CLIENT_SECRET", pair["clientSecret"].as_str().unwrap())
        .env("BATON_WHIMSICAL_TOKEN", TOKEN)
        .env("BATON_PROVISIONING", "true")
        .env("BATON_HOST_ID", "baton-whimsical")
        .env("BATON_BASE_URL", workspace.scim_url())
        .env("SSL_CERT_FILE", "/etc/podium-ca.pem")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let connected = podium.wait(&path, |connector| connector["status"] == "connected");
    process.kill().unwrap();
    process.wait().unwrap();
    let connected = connected.unwrap();
    assert_eq!(connected["hosts"][0]["hostId"], "baton-whimsical");
}
