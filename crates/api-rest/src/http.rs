//! What every route shares: errors as problem documents, pages, versions, bodies, repeated requests.

pub(crate) mod address;
pub(crate) mod body;
pub(crate) mod caller;
pub(crate) mod csv;
pub(crate) mod idempotency;
pub(crate) mod limits;
pub(crate) mod page;
pub(crate) mod problem;
pub(crate) mod request_id;
pub(crate) mod version;

pub(crate) use address::{At, Params};
pub(crate) use body::Body;
pub(crate) use caller::Signed;
pub(crate) use page::{Page, PageParams, PageQuery};
pub(crate) use problem::{Problem, Result};
pub(crate) use version::{ExpectedVersion, Versioned, audited};
