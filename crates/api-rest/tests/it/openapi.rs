//! The description that is checked in.

use camino::Utf8Path;

/// `PODIUM_WRITE_OPENAPI=1 cargo nextest run -p api-rest openapi` writes it anew.
#[test]
fn the_description_is_that_of_the_routes() -> anyhow::Result<()> {
    let path = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let mut text = serde_json::to_string_pretty(&api_rest::document())?;
    text.push('\n');
    if std::env::var_os("PODIUM_WRITE_OPENAPI").is_some() {
        std::fs::write(&path, &text)?;
    }
    let kept = std::fs::read_to_string(&path)?;
    let first = kept.lines().zip(text.lines()).position(|(kept, is)| kept != is);
    assert!(
        kept == text,
        "openapi.json is not that of the routes, from line {} on; hint: PODIUM_WRITE_OPENAPI=1 cargo nextest run -p api-rest openapi",
        first.unwrap_or_else(|| kept.lines().count().min(text.lines().count())) + 1
    );
    Ok(())
}

/// Every route says what it is for, and every parameter in its path is described.
#[test]
fn every_route_is_described() {
    let document = serde_json::to_value(api_rest::document()).unwrap();
    let mut routes = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, route) in methods.as_object().unwrap() {
            routes += 1;
            assert!(route["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{method} {path}");
            let described: Vec<&str> = route["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
                .filter_map(|parameter| parameter["name"].as_str())
                .collect();
            for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                assert!(described.contains(&name), "{method} {path}: `{name}` is not described");
            }
        }
    }
    assert!(routes > 40, "only {routes} routes");
}
