//! What REST lists, page by page.

use std::collections::BTreeSet;

use store::Paging;
use store::inventory::list::{
    AccountFilter, DifferenceFilter, EntitlementFilter, GrantFilter, ResourceFilter, When, accounts, differences,
    entitlements, grants, resource_types, resources,
};

use crate::world::{App, World};

/// All pages of a list, of three rows each.
macro_rules! all {
    ($paging:ident => $page:expr) => {{
        let mut rows = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let $paging = Paging { after: after.as_deref(), limit: 3 };
            let page = $page;
            anyhow::ensure!(page.rows.len() <= 3, "a page is too long");
            rows.extend(page.rows);
            match page.next {
                Some(next) => after = Some(next),
                None => break rows,
            }
        }
    }};
}

testkit::on_both_engines! {
    async fn pages_hold_every_visible_row_once(database: Database) {
        let world = World::with_hold_rules(database, r#"{"enabled": false}"#).await?;
        let mut app = App::of(10);
        let first = world.applied(&app).await?;
        let before = world.store().now();
        app.remove(0..2);
        app.user(5).roles = vec!["editor".to_owned()];
        app.user(6).name = "100% Änna_".to_owned();
        let second = world.applied(&app).await?;
        let (tenant, of) = (world.store().tenant(), world.app().await?);
        let mut conn = world.store().read().await?;

        let none = AccountFilter::default();
        let listed = all!(paging => accounts(&mut conn, of, none, paging).await?);
        let names: BTreeSet<String> = listed.iter().map(|account| account.external_id.clone()).collect();
        assert_eq!((listed.len(), names), (8, app.users.keys().cloned().collect()));
        assert!(listed.iter().all(|account| account.first_seen_sync == Some(first.id)));
        assert!(listed.iter().all(|account| account.last_seen_sync == Some(second.id)));
        let gone = AccountFilter { status: Some("gone"), ..none };
        let gone = all!(paging => accounts(&mut conn, of, gone, paging).await?);
        assert_eq!(gone.len(), 2);
        assert!(gone.iter().all(|account| account.last_seen_sync == Some(first.id) && account.gone_at.is_some()));
        for (text, found) in [("100% äN", 1), ("USR_000007@", 1), ("usr%7", 0), ("", 8)] {
            let filter = AccountFilter { text: Some(text), ..none };
            assert_eq!(all!(paging => accounts(&mut conn, of, filter, paging).await?).len(), found, "{text}");
        }

        let known = all!(paging => entitlements(&mut conn, of, EntitlementFilter::default(), paging).await?);
        assert_eq!(known.iter().map(|known| known.exclusion_set.as_str()).collect::<Vec<_>>(), ["role", "role"]);
        assert!(known.iter().all(|known| known.resource_id.is_some()));
        let viewer = known.iter().find(|known| known.display_name == "viewer").map(|known| known.id);
        let viewer = GrantFilter::Entitlement(viewer.ok_or_else(|| anyhow::anyhow!("there are viewers"))?);
        let account = GrantFilter::Account(listed[0].id);
        for (filter, when, count) in [
            (viewer, When::Now, 7),
            (viewer, When::At(before), 10),
            (viewer, When::Past, 3),
            (viewer, When::Ever, 10),
            (GrantFilter::App(of), When::Now, 8),
            (GrantFilter::App(of), When::Ever, 11),
            (account, When::Now, 1),
        ] {
            let found = all!(paging => grants(&mut conn, filter, when, paging).await?);
            let ids: BTreeSet<_> = found.iter().map(|grant| grant.id).collect();
            assert_eq!((found.len(), ids.len()), (count, count), "{filter:?} {when:?}");
        }

        let roles = ResourceFilter { resource_type: Some("role") };
        assert_eq!(all!(paging => resources(&mut conn, of, roles, paging).await?).len(), 2);
        assert_eq!(all!(paging => resource_types(&mut conn, of, paging).await?).len(), 2);

        let all_kinds = DifferenceFilter::default();
        let changed = all!(paging => differences(&mut conn, tenant, second.id, all_kinds, paging).await?);
        assert_eq!(changed.len(), 2 + 2 + 2 + 1, "two accounts and their grants, a swap, a rename");
        let brought = all!(paging => differences(&mut conn, tenant, first.id, all_kinds, paging).await?);
        assert_eq!(brought.len(), 2 + 10 + 2 + 10);
    }
}
