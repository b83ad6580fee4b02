//! The settings page, used as a browser without JavaScript uses it.

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::json;
use whimsical_workspace::model::switches::Switches;

use crate::bench::{Bench, Reply, TOKEN};

const ADA: &str = "ada@example.com";

async fn page(bench: &Bench) -> Reply {
    bench.send(Request::get("/").header("host", "localhost").body(Body::empty()).unwrap()).await
}

fn form_token(page: &Reply) -> String {
    let (_, after) = page.text.split_once(r#"name="form_token" value=""#).unwrap();
    after.split('"').next().unwrap().to_owned()
}

async fn submit(bench: &Bench, path: &str, fields: &str) -> Reply {
    let token = form_token(&page(bench).await);
    let request = Request::post(path)
        .header("host", "localhost")
        .header("origin", "http://localhost")
        .header("content-type", "application/x-www-form-urlencoded");
    bench.send(request.body(format!("form_token={token}&{fields}").into()).unwrap()).await
}

#[tokio::test]
async fn a_person_watches_a_user_come_and_go() {
    let bench = Bench::new(5, Switches::default());
    bench.create(ADA, Some(true)).await;
    let shown = page(&bench).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(shown.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    assert!(shown.text.contains(ADA) && shown.text.contains("Role to come"));
    assert!(!shown.text.contains(TOKEN), "the token is hidden");
    let reply = submit(&bench, "/settings/sign-in", "email=ada%40example.com&first_name=%3Cb%3EAda&last_name=L").await;
    assert_eq!(
        (reply.status, reply.headers["location"].to_str().unwrap()),
        (StatusCode::SEE_OTHER, "/?done=signed-in")
    );
    assert_eq!(bench.state(ADA), "member editor");
    let shown = page(&bench).await;
    assert!(shown.text.contains("&#60;b&#62;Ada L") && !shown.text.contains("<b>Ada"), "names are escaped");
    let id = bench.app.read(|workspace| workspace.directory().by_email(ADA).unwrap().id);
    submit(&bench, &format!("/settings/members/{id}/role"), "role=viewer").await;
    assert_eq!(bench.state(ADA), "member viewer");
    submit(&bench, &format!("/settings/members/{id}/remove"), "").await;
    assert_eq!(bench.state(ADA), "removed viewer");
    submit(&bench, "/settings/default-role", "role=editor").await;
    bench.create("new@example.com", None).await;
    assert_eq!(bench.state("new@example.com"), "pending editor");
}

#[tokio::test]
async fn saml_and_scim_go_on_and_off_and_the_token_is_shown_on_demand() {
    let bench = Bench::new(1, Switches::default());
    let reply = submit(&bench, "/settings/scim/reveal", "").await;
    assert!(reply.text.contains(TOKEN));
    assert_eq!(reply.headers["cache-control"].to_str().unwrap(), "no-store");
    let reply = submit(&bench, "/settings/scim/rotate", "").await;
    assert!(reply.text.contains("whscim_") && !reply.text.contains(TOKEN));
    submit(&bench, "/settings/saml/disable", "").await;
    assert_eq!(submit(&bench, "/settings/scim/enable", "").await.status, StatusCode::CONFLICT);
    assert_eq!(submit(&bench, "/settings/saml/enable", "metadata=x").await.status, StatusCode::CONFLICT);
    let metadata = "metadata=%3CEntityDescriptor+entityID%3D%22https%3A%2F%2Fidp%22%3E%3CX509Certificate%3EMIIC\
        %3C%2FX509Certificate%3E%3CSingleSignOnService+Location%3D%22https%3A%2F%2Fidp%2Fsso%22%2F%3E";
    assert_eq!(submit(&bench, "/settings/saml/enable", metadata).await.status, StatusCode::SEE_OTHER);
    assert_eq!(submit(&bench, "/settings/scim/enable", "").await.status, StatusCode::SEE_OTHER);
    assert!(bench.app.read(|workspace| workspace.scim().enabled));
}

#[tokio::test]
async fn forms_and_calls_from_elsewhere_are_refused() {
    let bench = Bench::new(1, Switches::default());
    let forged = Request::post("/settings/scim/rotate").header("content-type", "application/x-www-form-urlencoded");
    let reply = bench.send(forged.body("form_token=guess".into()).unwrap()).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    for (name, value) in
        [("origin", "https://evil.example.com"), ("sec-fetch-site", "cross-site"), ("host", "evil.example.com")]
    {
        let request = Request::post("/api/workspace/scim/token/reveal").header(name, value);
        let reply = bench.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{name}");
    }
    let request = Request::patch("/api/workspace").header("content-type", "text/plain");
    let reply = bench.send(request.body(json!({"plan": "free"}).to_string().into()).unwrap()).await;
    assert_eq!(reply.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(bench.scim("GET", "/Users", None).await.status, StatusCode::OK, "the token is the old one");
}
