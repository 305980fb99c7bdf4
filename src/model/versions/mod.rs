//! The same thing on 2.1.0, 2.2.0 and 2.3.1.

mod series;

pub use series::{Leg, Order, Series};
