//! Access tokens (client items 1, 4).

use std::sync::Arc;

use connector_sdk::error::Code;
use ids::ManualClock;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use tonic::Status;

use super::lab::{Lab, credentials};
use super::server::{Dpop, Seen};
use crate::fake::{Fake, workspace};

fn polls(least: usize) -> impl FnMut(&Seen) -> Option<()> {
    move |seen| (seen.polls >= least).then_some(())
}

async fn running(change: impl FnOnce(&mut super::server::Script)) -> Lab {
    let mut lab = Lab::new().await;
    lab.server.script(change);
    lab.start(Fake::new(workspace(1)).connector());
    lab
}

#[tokio::test]
async fn a_token_serves_all_calls_until_ten_seconds_before_its_end() {
    let mut lab = Lab::new().await;
    let clock = ManualClock::new(Timestamp::now());
    lab.runtime.clock = Arc::new(clock.clone());
    lab.start(Fake::new(workspace(1)).connector());
    lab.server.until("polls", polls(20)).await;
    assert_eq!(lab.server.seen(|seen| seen.tokens.len()), 1);
    clock.advance(SignedDuration::from_secs(885));
    let so_far = lab.server.seen(|seen| seen.polls);
    lab.server.until("polls", polls(so_far + 3)).await;
    assert_eq!(lab.server.seen(|seen| seen.tokens.len()), 1);
    clock.advance(SignedDuration::from_secs(6));
    lab.server.until("a second token", |seen| (seen.tokens.len() == 2).then_some(())).await;
    let so_far = lab.server.seen(|seen| seen.polls);
    lab.server.until("polls", polls(so_far + 3)).await;
    let last = lab.server.seen(|seen| seen.calls.last().unwrap().1["authorization"].to_str().unwrap().to_owned());
    assert_eq!(last, "Bearer token-2");
    lab.stop().await;
}

#[tokio::test]
async fn a_token_without_a_lifetime_serves_one_call() {
    let mut lab = running(|script| script.expires_in = 0).await;
    lab.server.until("polls", polls(5)).await;
    lab.server.seen(|seen| assert!(seen.tokens.len() >= seen.calls.len(), "{}", seen.tokens.len()));
    lab.stop().await;
}

#[tokio::test]
async fn a_refused_token_is_replaced_at_once() {
    let mut lab = running(|_| {}).await;
    lab.server.until("polls", polls(2)).await;
    lab.server.revoke_tokens();
    let so_far = lab.server.seen(|seen| seen.polls);
    lab.server.until("polls", polls(so_far + 2)).await;
    assert_eq!(lab.server.seen(|seen| seen.tokens.len()), 2);

    // A server that refuses every token gets one more in each call, not one after the other.
    let refusals = 6;
    lab.server.script(|script| script.polls.extend((0..refusals).map(|_| Status::unauthenticated("revoked"))));
    let so_far = lab.server.seen(|seen| seen.polls);
    lab.server.until("polls", polls(so_far + refusals + 2)).await;
    assert_eq!(lab.server.seen(|seen| seen.tokens.len()), 2 + refusals / 2);
    lab.stop().await;
}

#[tokio::test]
async fn an_overloaded_endpoint_is_asked_again() {
    let answers = [503, 429, 500, 502].map(|status| (status, "later".to_owned()));
    let mut lab = running(|script| script.tokens.extend(answers)).await;
    lab.server.until("a poll", polls(1)).await;
    assert_eq!(lab.server.seen(|seen| (seen.tokens.len(), seen.hellos.len())), (5, 1));
    lab.stop().await;
}

#[tokio::test]
async fn a_refusal_at_the_start_is_final_and_says_why() {
    let (_, secret) = credentials("");
    let secret = secret.expose_secret().rsplit(':').next().unwrap().to_owned();
    for (status, body, expect) in [
        (400, r#"{"error":"invalid_request"}"#, "400 Bad Request: invalid_request"),
        (
            401,
            r#"{"error":"invalid_client","error_description":"the clock of the connector is 600 seconds behind"}"#,
            "401 Unauthorized: the clock of the connector is 600 seconds behind",
        ),
        (403, "<html>", "403 Forbidden"),
        (404, "", "404 Not Found"),
        (200, r#"{"access_token":"","expires_in":900}"#, "empty access token"),
        (200, r#"{"access_token":"t0ken","expires_in":"900"}"#, "not the JSON of a token"),
        (200, r#"{"access_token":"t0ken","expires_in":9.5}"#, "not the JSON of a token"),
        (200, r#"{"access_token":"t0ken","access_token":"t0ken"}"#, "not the JSON of a token"),
        (200, "t0ken", "not the JSON of a token"),
    ] {
        let mut lab = running(|script| script.tokens.push_back((status, body.to_owned()))).await;
        let error = lab.end().await.unwrap_err();
        assert_eq!(error.code(), Code::Unauthenticated, "{error}");
        assert!(
            error.to_string().contains(&format!("failed to get token: {expect}")) || error.to_string().contains(expect),
            "{error}"
        );
        assert!(error.to_string().contains("startup Hello failed"), "{error}");
        let shown = format!("{error:?}");
        assert!(!shown.contains("t0ken") && !shown.contains(&secret), "{shown}");
        assert_eq!(lab.server.seen(|seen| (seen.tokens.len(), seen.calls.len())), (1, 0));
    }
}

#[tokio::test]
async fn every_request_has_an_assertion_of_its_own() {
    let mut lab = running(|script| script.expires_in = 0).await;
    lab.server.until("polls", polls(5)).await;
    lab.server.seen(|seen| {
        let mut forms: Vec<&str> = seen.tokens.iter().map(|request| request.form.as_str()).collect();
        let all = forms.len();
        forms.sort_unstable();
        forms.dedup();
        assert_eq!(forms.len(), all);
    });
    lab.stop().await;
}

#[tokio::test]
async fn dpop_is_used_where_the_server_offers_it() {
    for dpop in [Dpop::Offered, Dpop::Strict] {
        let mut lab = running(|script| script.dpop = dpop).await;
        lab.server.until("polls", polls(5)).await;
        lab.server.seen(|seen| {
            let with_proof: Vec<bool> = seen.tokens.iter().map(|one| one.headers.contains_key("dpop")).collect();
            assert_eq!(with_proof, [false, true]);
            for (path, headers) in &seen.calls {
                assert_eq!(
                    headers["authorization"],
                    "DPoP token-2-bound".replace("-2", if dpop == Dpop::Strict { "-1" } else { "-2" }),
                    "{path}"
                );
            }
            let mut proofs: Vec<&[u8]> = seen.calls.iter().map(|(_, headers)| headers["dpop"].as_bytes()).collect();
            let all = proofs.len();
            proofs.sort_unstable();
            proofs.dedup();
            assert_eq!(proofs.len(), all, "a proof is good for one call");
        });
        // The next token is asked for with a proof at once.
        lab.server.revoke_tokens();
        let so_far = lab.server.seen(|seen| seen.polls);
        lab.server.until("polls", polls(so_far + 2)).await;
        let last = lab.server.seen(|seen| seen.tokens.last().unwrap().headers.contains_key("dpop"));
        assert!(last);
        lab.stop().await;
    }
}
