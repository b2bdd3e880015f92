//! The `paging` binary.

fn main() {}
