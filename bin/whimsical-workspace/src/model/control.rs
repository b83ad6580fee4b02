//! What an administrator controls: settings, SAML, SCIM, the token, offboarding.

use jiff::SignedDuration;

use crate::model::act::Act;
use crate::model::change::Change;
use crate::model::refusal::Refusal;
use crate::model::settings::{FilesTarget, Plan, Saml, Settings, Visibility};
use crate::model::switches::TokenOnReenable;
use crate::model::token::{Scim, Token};
use crate::model::workspace::Workspace;

/// The longest text of a setting, in characters; a certificate may have sixteen times as many.
const MAX_CHARS: usize = 1_024;

/// What an administrator enters to enable SAML.
#[derive(Debug, Clone, Default)]
pub struct IdentityProvider {
    /// The entity id.
    pub entity_id: String,
    /// The sign-on URL.
    pub sso_url: String,
    /// The certificate.
    pub certificate: String,
}

impl Workspace {
    /// Replaces the settings.
    ///
    /// # Errors
    /// When a text is empty or too long.
    pub fn set_settings(&mut self, settings: Settings, act: &Act<'_>) -> Result<(), Refusal> {
        check_text(&settings.name, MAX_CHARS)?;
        self.record(Change::Settings(settings));
        self.note(act, "settings.changed", None, None);
        Ok(())
    }

    /// Enables SAML, or changes its identity provider. A new login URL is made only when SAML was off.
    ///
    /// # Errors
    /// When the plan is too low or something is missing.
    pub fn enable_saml(&mut self, provider: IdentityProvider, act: &Act<'_>) -> Result<(), Refusal> {
        self.check_plan()?;
        let parts = [&provider.entity_id, &provider.sso_url, &provider.certificate];
        if parts.iter().any(|part| part.trim().is_empty()) {
            return Err(Refusal::NoMetadata);
        }
        parts.iter().try_for_each(|part| check_text(part, 16 * MAX_CHARS))?;
        let login_slug =
            self.saml.as_ref().map_or_else(|| Saml::slug(&self.settings.name), |saml| saml.login_slug.clone());
        self.record(Change::Saml(Some(Saml {
            idp_entity_id: provider.entity_id,
            sso_url: provider.sso_url,
            certificate: provider.certificate,
            login_slug,
        })));
        self.note(act, "saml.enabled", None, None);
        Ok(())
    }

    /// Disables SAML, and SCIM with it at once; all users must be imported again afterwards.
    pub fn disable_saml(&mut self, act: &Act<'_>) {
        if self.saml.is_none() {
            return;
        }
        self.record(Change::Saml(None));
        self.record(Change::Scim(Scim { enabled: false, ..self.scim.clone() }));
        self.record(Change::Unlinked(act.now));
        self.note(act, "saml.disabled", None, None);
    }

    /// Enables SCIM; the first time makes the token.
    ///
    /// # Errors
    /// When the plan is too low or SAML is off.
    pub fn enable_scim(&mut self, act: &Act<'_>) -> Result<(), Refusal> {
        self.check_plan()?;
        if self.saml.is_none() {
            return Err(Refusal::SamlOff);
        }
        if self.scim.enabled {
            return Ok(());
        }
        let kept = self.scim.token.clone().filter(|_| self.switches.token_on_reenable == TokenOnReenable::Same);
        let token = kept.unwrap_or_else(|| Token::draw(act.rng));
        self.record(Change::Scim(Scim { enabled: true, token: Some(token), former: None }));
        self.note(act, "scim.enabled", None, None);
        Ok(())
    }

    /// Disables SCIM; users stay as they are.
    pub fn disable_scim(&mut self, act: &Act<'_>) {
        if self.scim.enabled {
            self.record(Change::Scim(Scim { enabled: false, ..self.scim.clone() }));
            self.note(act, "scim.disabled", None, None);
        }
    }

    /// Returns the token, and writes down that it was shown.
    ///
    /// # Errors
    /// When SCIM is off.
    pub fn reveal_token(&mut self, act: &Act<'_>) -> Result<Token, Refusal> {
        let token = self.scim.token.clone().filter(|_| self.scim.enabled).ok_or(Refusal::ScimOff)?;
        self.note(act, "token.revealed", None, None);
        Ok(token)
    }

    /// Makes a new token; the old one is void at once, or after the grace of switch `rotate_grace_s`.
    ///
    /// # Errors
    /// When SCIM is off.
    pub fn rotate_token(&mut self, act: &Act<'_>) -> Result<Token, Refusal> {
        let old = self.scim.token.clone().filter(|_| self.scim.enabled).ok_or(Refusal::ScimOff)?;
        let grace = SignedDuration::from_secs(self.switches.rotate_grace_s.into());
        let until = act.now.checked_add(grace).unwrap_or(act.now);
        let former = (until > act.now).then_some((old, until));
        let token = Token::draw(act.rng);
        self.record(Change::Scim(Scim { enabled: true, token: Some(token.clone()), former }));
        self.note(act, "token.rotated", None, None);
        Ok(token)
    }

    /// Sets the token, as the command line does.
    pub fn set_token(&mut self, token: Token) {
        if self.scim.token.as_ref() != Some(&token) {
            self.record(Change::Scim(Scim { token: Some(token), former: None, ..self.scim.clone() }));
        }
    }

    /// Sets where the files of removed users go; none: they stay.
    ///
    /// # Errors
    /// When the team is not private, or a text is empty or too long.
    pub fn set_offboarding(&mut self, target: Option<FilesTarget>, act: &Act<'_>) -> Result<(), Refusal> {
        if let Some(target) = &target {
            if target.visibility != Visibility::Private {
                return Err(Refusal::TeamNotPrivate);
            }
            check_text(&target.team, MAX_CHARS)?;
            check_text(&target.folder, MAX_CHARS)?;
        }
        self.record(Change::Settings(Settings { offboarding: target, ..self.settings.clone() }));
        self.note(act, "offboarding.changed", None, None);
        Ok(())
    }

    fn check_plan(&self) -> Result<(), Refusal> {
        if self.settings.plan < Plan::Enterprise { Err(Refusal::PlanTooLow) } else { Ok(()) }
    }
}

fn check_text(text: &str, max_chars: usize) -> Result<(), Refusal> {
    if text.trim().is_empty() || text.chars().count() > max_chars { Err(Refusal::BadValue) } else { Ok(()) }
}
