//! The object storage on a server that speaks S3.

use std::sync::Arc;

use bytes::Bytes;
use camino::Utf8PathBuf;
use futures_util::TryStreamExt as _;
use ids::SeededRng;
use jiff::{SignedDuration, Timestamp};
use store::file::{Digest, Error, Files, Place, S3};
use testkit::bucket::{Bucket, NAME};

use crate::file::put;

async fn open(bucket: &Bucket, name: &str, prefix: &str) -> anyhow::Result<Files> {
    let place = Place::S3(S3 {
        bucket: name.to_owned(),
        prefix: prefix.to_owned(),
        region: "us-east-1".to_owned(),
        endpoint: Some(bucket.endpoint().to_owned()),
        access_key_id: Some("test".to_owned()),
        secret_access_key: Some("test".into()),
        allow_http: true,
    });
    Ok(Files::open(&place, Arc::new(SeededRng::new(1))).await?)
}

async fn all(files: &Files) -> anyhow::Result<Vec<Digest>> {
    let later: Timestamp = "2999-01-01T00:00:00Z".parse()?;
    let mut all: Vec<Digest> = files.stored_before(later).try_collect().await?;
    all.sort();
    Ok(all)
}

#[tokio::test]
async fn a_bucket_keeps_files_as_a_folder_does() -> anyhow::Result<()> {
    let mut bucket = Bucket::start()?;
    let files = open(&bucket, NAME, "some/where").await?;
    let folder = tempfile::tempdir()?;
    let to = Utf8PathBuf::try_from(folder.path().join("copy"))?;
    let mut kept = Vec::new();
    // The last has several parts.
    for (size, piece) in [(0_usize, 1), (1_000, 7), (12_000_000, 1_000_003)] {
        let content: Vec<u8> = (0..=250_u8).cycle().take(size).collect();
        let stored = put(&files, &content, piece).await?;
        assert_eq!(files.fetch(&stored.digest, &to).await?, size as u64);
        assert!(std::fs::read(&to)? == content, "{size} bytes in pieces of {piece}");
        assert_eq!(put(&files, &content, 1 << 20).await?, stored, "the same again");
        kept.push(stored.digest);
    }
    kept.sort();
    assert_eq!(all(&files).await?, kept);
    assert_eq!(all(&open(&bucket, NAME, "else/where").await?).await?, []);

    // What is not what its sender said, or is given up, leaves nothing.
    for finish in [true, false] {
        let mut upload = files.begin(100).await?;
        upload.write(Bytes::from_static(b"other")).await?;
        if finish {
            assert!(matches!(upload.finish(kept.first().copied()).await, Err(Error::Mismatch { .. })));
        } else {
            upload.abort().await?;
        }
    }
    assert_eq!(all(&files).await?, kept);
    let [gone, ..] = kept[..] else { anyhow::bail!("there are files") };
    files.delete(&gone).await?;
    files.delete(&gone).await?;
    assert!(!files.contains(&gone).await?);
    assert!(matches!(files.fetch(&gone, &to).await, Err(Error::Missing { .. })));

    // What a crash left behind between the end of an upload and its name.
    bucket.put("some/where/incoming/left", "behind")?;
    assert_eq!(files.remove_unfinished(Timestamp::now() - SignedDuration::from_hours(1)).await?, 0);
    assert_eq!(files.remove_unfinished(Timestamp::now() + SignedDuration::from_hours(1)).await?, 1);
    assert_eq!(all(&files).await?, kept[1..]);

    // Trouble is told in time, and without names of the storage.
    let nowhere = open(&bucket, "no-such-bucket", "").await?;
    assert!(put(&nowhere, b"x", 1).await.is_err());
    bucket.stop()?;
    let away = files.contains(&gone).await.unwrap_err();
    assert!(matches!(away, Error::Unavailable), "{away:?}");
    assert!(matches!(files.begin(100).await, Err(Error::Unavailable)));
    Ok(())
}
