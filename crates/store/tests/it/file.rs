//! The object storage: a file is there whole, under its digest, or not at all.

use std::sync::Arc;

use bytes::Bytes;
use camino::{Utf8Path, Utf8PathBuf};
use ids::SeededRng;
use store::file::{Digest, Error, Files, Kind, Place, Stored, find, record};
use tempfile::TempDir;

use crate::open;

async fn files(folder: &TempDir) -> anyhow::Result<(Files, Utf8PathBuf)> {
    let path = Utf8PathBuf::try_from(folder.path().join("files"))?;
    Ok((Files::open(&Place::Folder(path.clone()), Arc::new(SeededRng::new(1))).await?, path))
}

pub(crate) async fn put(files: &Files, content: &[u8], piece: usize) -> anyhow::Result<Stored> {
    let mut upload = files.begin(1 << 30).await?;
    for piece in content.chunks(piece) {
        upload.write(Bytes::copy_from_slice(piece)).await?;
    }
    Ok(upload.finish(None).await?)
}

/// Every file below the folder.
fn everything(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let entries = folder.read_dir_utf8().unwrap().map(Result::unwrap);
    entries
        .flat_map(|entry| if entry.path().is_dir() { everything(entry.path()) } else { vec![entry.into_path()] })
        .collect()
}

#[tokio::test]
async fn content_comes_back_whatever_its_size_and_pieces() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let (files, _) = files(&folder).await?;
    let to = Utf8PathBuf::try_from(folder.path().join("copy"))?;
    for (size, piece) in [(0_usize, 1), (1, 1), (1_000, 7), (300_000, 1 << 20), (12_000_000, 1_000_003)] {
        let content: Vec<u8> = (0..=250_u8).cycle().take(size).collect();
        let stored = put(&files, &content, piece).await?;
        assert_eq!(stored.bytes, size as u64);
        assert_eq!(files.fetch(&stored.digest, &to).await?, size as u64);
        assert!(std::fs::read(&to)? == content, "{size} bytes in pieces of {piece}");
    }
    Ok(())
}

#[tokio::test]
async fn the_same_file_three_times_at_once_is_one_file() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let (files, path) = files(&folder).await?;
    let content = vec![7; 3_000_000];
    let (a, b, c) =
        tokio::join!(put(&files, &content, 65_536), put(&files, &content, 9), put(&files, &content, 1 << 20));
    let stored = a?;
    assert_eq!((stored, stored), (b?, c?));
    let found = everything(&path);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].file_name(), Some(stored.digest.to_string().as_str()));
    Ok(())
}

#[tokio::test]
async fn what_lies_is_cut_or_is_too_large_leaves_nothing() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let (files, path) = files(&folder).await?;

    let mut lying = files.begin(100).await?;
    lying.write(Bytes::from_static(b"abc")).await?;
    let expected = Digest::new([1; 32]);
    assert!(matches!(lying.finish(Some(expected)).await, Err(Error::Mismatch { expected: e, .. }) if e == expected));

    let mut large = files.begin(5).await?;
    large.write(Bytes::from_static(b"abc")).await?;
    assert!(matches!(large.write(Bytes::from_static(b"def")).await, Err(Error::TooLarge { limit_bytes: 5 })));
    large.abort().await?;

    let mut cut = files.begin(100).await?;
    cut.write(Bytes::from_static(b"abc")).await?;
    drop(cut);

    // What is dropped is removed in the background.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while !everything(&path).is_empty() && std::time::Instant::now() < deadline {
        tokio::task::yield_now().await;
    }
    assert_eq!(everything(&path), Vec::<Utf8PathBuf>::new());
    Ok(())
}

#[tokio::test]
async fn damage_in_the_storage_is_noticed() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let (files, path) = files(&folder).await?;
    let stored = put(&files, b"as it was", 4).await?;
    std::fs::write(&everything(&path)[0], b"as it is ")?;
    let to = Utf8PathBuf::try_from(folder.path().join("copy"))?;
    assert!(
        matches!(files.fetch(&stored.digest, &to).await, Err(Error::Damaged { digest }) if digest == stored.digest)
    );
    Ok(())
}

#[tokio::test]
async fn a_removed_file_is_missing() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let (files, _) = files(&folder).await?;
    let stored = put(&files, b"content", 100).await?;
    assert!(files.contains(&stored.digest).await?);
    files.delete(&stored.digest).await?;
    files.delete(&stored.digest).await?;
    assert!(!files.contains(&stored.digest).await?);
    let to = Utf8PathBuf::try_from(folder.path().join("copy"))?;
    let error = files.fetch(&stored.digest, &to).await.unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error}");
    Ok(())
}

#[tokio::test]
async fn errors_name_no_path_of_the_storage() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let (files, path) = files(&folder).await?;
    std::fs::remove_dir_all(&path)?;
    std::fs::write(&path, "a file where the folder was")?;
    let Err(error) = files.begin(10).await else { panic!("there is no folder") };
    let words = format!("{error:?} {error}");
    assert!(!words.contains(path.as_str()) && !words.contains("incoming"), "{words}");
    Ok(())
}

testkit::on_both_engines! {
    async fn a_file_is_noted_once(database: Database) {
        let (store, clock) = open(&database).await?;
        let stored = Stored { digest: Digest::new([9; 32]), bytes: 12 };
        let first = store.now();
        for kind in [Kind::C1z, Kind::Log] {
            let mut tx = store.begin().await?;
            let now = tx.now();
            record(tx.conn(), &stored, kind, now).await?;
            tx.commit().await?;
            clock.advance(jiff::SignedDuration::from_secs(5));
        }
        let mut conn = store.read().await?;
        let file = find(&mut conn, &stored.digest).await?.expect("it was noted");
        assert_eq!((file.stored, file.kind, file.stored_at), (stored, Kind::C1z, first));
        assert_eq!(find(&mut conn, &Digest::new([8; 32])).await?, None);
    }
}
