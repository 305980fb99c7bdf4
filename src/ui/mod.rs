//! What is on the screen.

pub mod theme;
pub mod widgets;
