//! Sibling cursors: a connector that can list a thing from several places at once asks for them by annotation.

use std::collections::HashSet;

use proto::c1::connector::v2::EnqueuePageTokens;

use crate::annotations::{Annotations, is};
use crate::connector::PageToken;
use crate::error::{Error, Result};
use crate::sync::action::Action;
use crate::sync::engine::{Engine, Outcome, lock};

const MAX_TOKENS: usize = 1024;
const MAX_TOKEN_BYTES: usize = 1 << 20;
const MAX_ALL_BYTES: usize = 16 << 20;

impl Engine {
    /// Where the step goes on, and the siblings that the answer asks for.
    ///
    /// # Errors
    /// When the annotation breaks one of its limits, or the next page token is longer than 1 MiB.
    ///
    /// Source: sync.md §4, Entitlements / grants.
    pub(super) fn follow(
        &self,
        action: &Action,
        next: Option<PageToken>,
        annotations: &Annotations,
    ) -> Result<Outcome> {
        let next = next.filter(|next| !next.is_start()).map(PageToken::into_string);
        if let Some(next) = &next {
            if next.len() > MAX_TOKEN_BYTES {
                return Err(Error::unknown("the connector returned a page token of more than 1 MiB"));
            }
            if *next == action.page_token {
                return Err(Error::unknown(format!(
                    "the connector returned the same page token twice while it listed '{}'",
                    action.resource_type_id
                )));
            }
        }
        let mut children = Vec::new();
        for token in requested(annotations)? {
            let listing = format!(
                "{} {}:{} {}:{}",
                action.operation.name(),
                action.resource_type_id,
                action.resource_id,
                action.parent_resource_type_id,
                action.parent_resource_id
            );
            if lock(&self.cursors).insert((listing, token.clone(), String::new())) {
                children.push(Action { page_token: token, spawned: true, ..action.clone() });
            } else {
                tracing::warn!(
                    resource_type_id = action.resource_type_id,
                    "the connector asked twice for the same cursor; the second one is skipped"
                );
            }
        }
        Ok(Outcome { next, children })
    }
}

fn requested(annotations: &Annotations) -> Result<Vec<String>> {
    let Some(request) = annotations.pick::<EnqueuePageTokens>()? else {
        return Ok(Vec::new());
    };
    let tokens = request.page_tokens;
    let annotated = annotations.as_slice().iter().filter(|entry| is::<EnqueuePageTokens>(entry));
    let distinct: HashSet<&String> = tokens.iter().collect();
    let problem = if annotated.count() > 1 {
        "more than one EnqueuePageTokens annotation"
    } else if tokens.len() > MAX_TOKENS {
        "more than 1024 page tokens"
    } else if tokens.iter().any(String::is_empty) {
        "an empty page token"
    } else if tokens.iter().any(|token| token.len() > MAX_TOKEN_BYTES) {
        "a page token of more than 1 MiB"
    } else if tokens.iter().map(String::len).sum::<usize>() > MAX_ALL_BYTES {
        "page tokens of more than 16 MiB"
    } else if distinct.len() < tokens.len() {
        "the same page token twice"
    } else {
        return Ok(tokens);
    };
    Err(Error::unknown(format!("the connector's answer holds {problem}")))
}
