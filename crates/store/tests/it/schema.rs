//! The schema is the same on both engines, and opening is safe to repeat.

use crate::open;

testkit::on_both_engines! {
    async fn opening_again_finds_the_same_tenant(database: Database) {
        let (first, _) = open(&database).await?;
        let (second, _) = open(&database).await?;
        assert_eq!(first.tenant(), second.tenant());
    }

    async fn processes_that_start_together_share_one_tenant(database: Database) {
        let (a, b, c) = tokio::join!(open(&database), open(&database), open(&database));
        let (a, b, c) = (a?.0, b?.0, c?.0);
        assert_eq!(a.tenant(), b.tenant());
        assert_eq!(a.tenant(), c.tenant());
    }

    async fn a_dropped_change_never_happened(database: Database) {
        let (store, _) = open(&database).await?;
        let mut tx = store.begin().await?;
        sqlx::query("UPDATE tenant SET name = 'changed'").execute(tx.conn()).await?;
        drop(tx);
        let names = sqlx::query_scalar::<_, String>("SELECT name FROM tenant").fetch_all(&mut *store.read().await?).await?;
        assert_eq!(names, ["Podium"]);
    }
}

#[test]
fn migrations_differ_in_the_type_of_bytes_only() {
    let folder = |engine: &str| {
        let path = format!("{}/migrations/{engine}", env!("CARGO_MANIFEST_DIR"));
        let mut files: Vec<_> = std::fs::read_dir(path)
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let statements: Vec<String> = std::fs::read_to_string(&path)
                    .unwrap()
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("--"))
                    .map(|line| line.replace("BYTEA", "BLOB"))
                    .collect();
                (path.file_name().unwrap().to_owned(), statements)
            })
            .collect();
        files.sort();
        files
    };
    assert_eq!(folder("sqlite"), folder("postgres"));
}
