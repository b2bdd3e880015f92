//! Whole behaviours in virtual time.
