//! Whole behaviours in virtual time.

mod layers;
