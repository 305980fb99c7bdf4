//! An exchange as something to run elsewhere.

use super::body::Body;
use crate::export::curl::curl;
use crate::model::exchange::Exchange;

/// The exchange as a curl command.
pub(super) fn body(exchange: &Exchange) -> Body {
    Body::plain(curl(exchange))
}
