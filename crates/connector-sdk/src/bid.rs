//! Baton ids: one text that names a resource, an entitlement or a grant with everything it hangs on.
//!
//! ```text
//! resource    bid:r:[<parent type>/<parent id>/]<type>/<id>
//! entitlement bid:e:[<parent type>/<parent id>/]<type>/<id>:<slug>
//! grant       bid:g:<entitlement part>:<principal resource part>
//! ```
//!
//! A `\`, `/` or `:` inside a value is preceded by `\`. Start at [`parse_resource`], the form of `--sync-resources`.
//! Source: sync.md §9.1.

use proto::c1::connector::v2::ResourceId;

/// A resource as a Baton id names it.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceBid {
    /// The resource.
    pub id: ResourceId,
    /// What it lies below, if anything.
    pub parent: Option<ResourceId>,
}

/// An entitlement as a Baton id names it: by its resource and slug.
#[derive(Debug, Clone, PartialEq)]
pub struct EntitlementBid {
    /// The resource that offers it.
    pub resource: ResourceBid,
    /// Its name on that resource.
    pub slug: String,
}

/// A grant as a Baton id names it.
#[derive(Debug, Clone, PartialEq)]
pub struct GrantBid {
    /// What is granted.
    pub entitlement: EntitlementBid,
    /// To whom.
    pub principal: ResourceBid,
}

/// Why a Baton id cannot be made or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BidError {
    /// A type, id or slug is empty.
    #[error("a baton id needs a non-empty {0}")]
    Empty(&'static str),
    /// The text is no Baton id; the caret points at the first byte that does not fit.
    #[error("invalid baton id, {expected} expected:\n{text}\n{:>width$}\nhint: a user is bid:r:user/<id>", "^", width = .at + 1)]
    Syntax {
        /// The whole text.
        text: String,
        /// Where, in characters from 0.
        at: usize,
        /// What should stand there.
        expected: &'static str,
    },
}

/// The Baton id of a resource.
///
/// # Errors
/// [`BidError::Empty`] when a part is empty.
pub fn format_resource(bid: &ResourceBid) -> Result<String, BidError> {
    Ok(format!("bid:r:{}", resource_part(bid)?))
}

/// The Baton id of an entitlement.
///
/// # Errors
/// [`BidError::Empty`] when a part is empty.
pub fn format_entitlement(bid: &EntitlementBid) -> Result<String, BidError> {
    Ok(format!("bid:e:{}", entitlement_part(bid)?))
}

/// The Baton id of a grant.
///
/// # Errors
/// [`BidError::Empty`] when a part is empty.
pub fn format_grant(bid: &GrantBid) -> Result<String, BidError> {
    let entitlement = entitlement_part(&bid.entitlement)?;
    Ok(format!("bid:g:{entitlement}:{}", resource_part(&bid.principal)?))
}

/// Reads the Baton id of a resource.
///
/// # Errors
/// [`BidError::Syntax`] with the place.
pub fn parse_resource(text: &str) -> Result<ResourceBid, BidError> {
    let mut parser = Parser::new(text, "bid:r:")?;
    let resource = parser.resource()?;
    parser.end()?;
    Ok(resource)
}

/// Reads the Baton id of an entitlement.
///
/// # Errors
/// [`BidError::Syntax`] with the place.
pub fn parse_entitlement(text: &str) -> Result<EntitlementBid, BidError> {
    let mut parser = Parser::new(text, "bid:e:")?;
    let entitlement = parser.entitlement()?;
    parser.end()?;
    Ok(entitlement)
}

/// Reads the Baton id of a grant.
///
/// # Errors
/// [`BidError::Syntax`] with the place.
pub fn parse_grant(text: &str) -> Result<GrantBid, BidError> {
    let mut parser = Parser::new(text, "bid:g:")?;
    let entitlement = parser.entitlement()?;
    parser.separator(':', "a ':' and the principal")?;
    let principal = parser.resource()?;
    parser.end()?;
    Ok(GrantBid { entitlement, principal })
}

fn entitlement_part(bid: &EntitlementBid) -> Result<String, BidError> {
    Ok(format!("{}:{}", resource_part(&bid.resource)?, escape(&bid.slug, "slug")?))
}

fn resource_part(bid: &ResourceBid) -> Result<String, BidError> {
    let own = pair(&bid.id, "resource type", "resource id")?;
    match &bid.parent {
        Some(parent) => Ok(format!("{}/{own}", pair(parent, "parent type", "parent id")?)),
        None => Ok(own),
    }
}

fn pair(id: &ResourceId, type_name: &'static str, id_name: &'static str) -> Result<String, BidError> {
    Ok(format!("{}/{}", escape(&id.resource_type, type_name)?, escape(&id.resource, id_name)?))
}

fn escape(value: &str, name: &'static str) -> Result<String, BidError> {
    if value.is_empty() {
        return Err(BidError::Empty(name));
    }
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, '\\' | '/' | ':') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    Ok(escaped)
}

struct Parser<'a> {
    text: &'a str,
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    at: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, prefix: &'static str) -> Result<Self, BidError> {
        let same = text.chars().zip(prefix.chars()).take_while(|(a, b)| a == b).count();
        let mut parser = Self { text, rest: text.chars().peekable(), at: 0 };
        for _ in 0..same {
            parser.next();
        }
        if same < prefix.len() {
            return Err(parser.expected(prefix));
        }
        Ok(parser)
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.next();
        self.at += usize::from(next.is_some());
        next
    }

    fn expected(&self, expected: &'static str) -> BidError {
        BidError::Syntax { text: self.text.to_owned(), at: self.at, expected }
    }

    /// A value up to the next bare `/` or `:`.
    fn literal(&mut self, name: &'static str) -> Result<String, BidError> {
        let mut value = String::new();
        while let Some(character) = self.rest.peek().copied() {
            match character {
                '/' | ':' => break,
                '\\' => {
                    self.next();
                    match self.rest.peek() {
                        Some('\\' | '/' | ':') => value.extend(self.next()),
                        _ => return Err(self.expected("one of \\ / : after a \\")),
                    }
                }
                _ => value.extend(self.next()),
            }
        }
        if value.is_empty() {
            return Err(self.expected(name));
        }
        Ok(value)
    }

    fn separator(&mut self, separator: char, name: &'static str) -> Result<(), BidError> {
        if self.rest.peek() == Some(&separator) {
            self.next();
            Ok(())
        } else {
            Err(self.expected(name))
        }
    }

    fn pair(&mut self) -> Result<ResourceId, BidError> {
        let resource_type = self.literal("a resource type")?;
        self.separator('/', "a '/' and the resource id")?;
        let resource = self.literal("a resource id")?;
        Ok(ResourceId { resource_type, resource, ..ResourceId::default() })
    }

    fn resource(&mut self) -> Result<ResourceBid, BidError> {
        let first = self.pair()?;
        if self.rest.peek() != Some(&'/') {
            return Ok(ResourceBid { id: first, parent: None });
        }
        self.next();
        Ok(ResourceBid { id: self.pair()?, parent: Some(first) })
    }

    fn entitlement(&mut self) -> Result<EntitlementBid, BidError> {
        let resource = self.resource()?;
        self.separator(':', "a ':' and the slug")?;
        let slug = self.literal("a slug")?;
        Ok(EntitlementBid { resource, slug })
    }

    fn end(&mut self) -> Result<(), BidError> {
        match self.rest.peek() {
            None => Ok(()),
            Some(_) => Err(self.expected("the end")),
        }
    }
}

#[cfg(test)]
mod tests;
