//! Seals secrets anew with the newest key, so that older ones can be given up.

use domain::actor::{Actor, Part};
use domain::audit::{Object, Via};
use serde_json::{Value, json};
use store::connector::{Sealed, all_secrets, reseal_secret, secret_place, secret_row};
use store::identity_provider;
use store::seal::SealError;

use crate::context::{Caller, Governance};
use crate::error::{Error, Result};

/// How many secrets are read at once.
const LOT: u32 = 200;

/// What came of it.
#[derive(Debug, Default)]
pub struct Resealed {
    /// How many secrets are sealed with the newest key now that were not before.
    pub count: usize,
    /// Why others could not be opened.
    pub unreadable: Vec<SealError>,
}

impl Governance {
    /// Seals each secret of a connector or a sign-in provider with the newest key that is sealed with an older one.
    ///
    /// # Errors
    /// When the database refuses; what was sealed stays so.
    pub async fn reseal_secrets(&self) -> Result<Resealed> {
        let mut resealed = Resealed::default();
        let mut after: Option<Sealed> = None;
        loop {
            let lot = all_secrets(&mut *self.store().read().await?, after.as_ref(), LOT).await?;
            for secret in lot.iter().filter(|secret| self.sealer().is_outdated(&secret.sealed)) {
                let row = secret_row(secret.connector, &secret.field);
                match self.sealer().open(secret_place(&row), &secret.sealed) {
                    Ok(plain) => resealed.count += usize::from(self.reseal(secret, &row, &plain).await?),
                    Err(error) => resealed.unreadable.push(error),
                }
            }
            match lot.into_iter().last() {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        self.reseal_providers(&mut resealed).await?;
        Ok(resealed)
    }

    async fn reseal_providers(&self, resealed: &mut Resealed) -> Result<()> {
        let mut tx = self.store().begin().await?;
        let (tenant, now) = (tx.tenant(), tx.now());
        for mut provider in identity_provider::all(tx.conn(), tenant).await? {
            let outdated = provider.sealed_secret.as_ref().filter(|sealed| self.sealer().is_outdated(sealed));
            let Some(sealed) = outdated else { continue };
            let row = provider.id.to_string();
            let place = identity_provider::secret_place(&row);
            match self.sealer().open(place, sealed) {
                Ok(plain) => {
                    let sealed = self.sealer().seal(place, &plain, tx.rng()).map_err(Error::internal)?;
                    provider.sealed_secret = Some(sealed);
                    identity_provider::update(tx.conn(), &mut provider, now).await?;
                    let system = Caller::new(Actor::System(Part::System), Via::Timer);
                    let object = Object::new("identity_provider", provider.id);
                    let event = system.event("identity_provider.secret_resealed", object);
                    tx.audit(event.with_reason("there is a newer key"));
                    resealed.count += 1;
                }
                Err(error) => resealed.unreadable.push(error),
            }
        }
        tx.commit().await?;
        Ok(())
    }

    async fn reseal(&self, secret: &Sealed, row: &str, plain: &[u8]) -> Result<bool> {
        let mut tx = self.store().begin().await?;
        let sealed = self.sealer().seal(secret_place(row), plain, tx.rng()).map_err(Error::internal)?;
        if !reseal_secret(tx.conn(), secret, sealed).await? {
            return Ok(false);
        }
        let system = Caller::new(Actor::System(Part::System), Via::Timer);
        let event = system.event("connector.secret_resealed", Object::new("connector", secret.connector));
        tx.audit(event.with_change(Value::Null, json!({"field": secret.field})).with_reason("there is a newer key"));
        tx.commit().await?;
        Ok(true)
    }
}
