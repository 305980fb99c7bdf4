//! Carries out commands, folds in events, owns every task.
mod courier;
mod shopper;
