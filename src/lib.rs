//! Sessions Console.
pub mod bus;
pub mod clock;
pub mod model;
pub mod page;
pub mod sandbox;
pub mod serve;
