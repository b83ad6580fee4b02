//! An authority of this install's own, for servers on loopback addresses and for trying things out.
//!
//! Only the authority is kept; the certificate of the server is made anew at each start.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::{Timestamp, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::CertifiedKey;

use super::{Error, content, provider};

/// The names by which a machine calls itself.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// How long the authority lasts, in years.
const AUTHORITY_YEARS: i16 = 20;
/// How long a certificate lasts, in years.
const CERTIFICATE_YEARS: i16 = 2;

/// The authority.
pub(super) struct Authority {
    file: Utf8PathBuf,
    key: KeyPair,
}

impl Authority {
    /// The authority that is kept in this folder, made when there is none. Several processes may do so at once.
    pub(super) fn open(folder: &Utf8Path, now: Timestamp) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(|source| Error::File { path: folder.to_owned(), source })?;
        let key_file = folder.join("ca.key");
        if !key_file.exists() {
            keep(&key_file, &KeyPair::generate().map_err(make_authority)?.serialize_pem(), 0o600)?;
        }
        let pem = String::from_utf8(content(&key_file)?).ok();
        let key = pem.and_then(|pem| KeyPair::from_pem(&pem).ok());
        let key = key.ok_or_else(|| Error::Pem { path: key_file, what: "private key" })?;
        let file = folder.join("ca.pem");
        if !file.exists() {
            keep(&file, &authority(now).self_signed(&key).map_err(make_authority)?.pem(), 0o644)?;
        }
        Ok(Self { file, key })
    }

    /// The file of the authority's certificate.
    pub(super) fn certificate_file(&self) -> Utf8PathBuf {
        self.file.clone()
    }

    /// A new certificate for these names and the loopback ones.
    pub(super) fn certificate(&self, names: &[String], now: Timestamp) -> Result<CertifiedKey, Error> {
        let mut all: Vec<String> = names.to_vec();
        all.extend(LOOPBACK.map(ToOwned::to_owned).into_iter().filter(|name| !names.contains(name)));
        let failed = |source| Error::Make { names: all.join(", "), source };
        let mut params = CertificateParams::new(all.clone()).map_err(failed)?;
        params.distinguished_name = name("Podium");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        last(&mut params, now, CERTIFICATE_YEARS);
        let key = KeyPair::generate().map_err(failed)?;
        let issuer = Issuer::new(authority(now), &self.key);
        let certificate = params.signed_by(&key, &issuer).map_err(failed)?;
        let private = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        Ok(CertifiedKey::from_der(vec![certificate.der().clone()], private, &provider())?)
    }
}

fn make_authority(source: rcgen::Error) -> Error {
    Error::Make { names: "an authority".to_owned(), source }
}

fn authority(now: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name("Podium authority of this install");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    last(&mut params, now, AUTHORITY_YEARS);
    params
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

/// Lasts this many years, and since a year ago, so that clocks which are late agree.
fn last(params: &mut CertificateParams, now: Timestamp, years: i16) {
    let day = now.to_zoned(TimeZone::UTC).date();
    let at = |year: i16| date_time_ymd(i32::from(year), day.month().unsigned_abs(), 1);
    params.not_before = at(day.year() - 1);
    params.not_after = at(day.year() + years);
}

/// Writes a file at once and whole, unless somebody else was faster.
fn keep(path: &Utf8Path, content: &str, mode: u32) -> Result<(), Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let temporary = Utf8PathBuf::from(format!("{path}.{}", std::process::id()));
    let written = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&temporary);
    let linked = written.and_then(|mut file| {
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        std::fs::hard_link(&temporary, path)
    });
    // The link is what counts.
    let _ = std::fs::remove_file(&temporary);
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}
