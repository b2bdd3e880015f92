//! Names to addresses, by the machine's own resolver.

use std::io;
use std::net::SocketAddr;

/// The addresses of `host`, at `port`, in the resolver's order of preference; at least one.
///
/// A literal address, also `[2001:db8::1]` in brackets, is answered without asking anybody.
///
/// # Errors
/// When the resolver does not know the name or cannot be reached.
pub async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = smol::net::resolve((bare, port)).await?;
    if found.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_addresses_need_no_resolver() {
        let found = smol::block_on(resolve("[2001:db8::1]", 5060)).unwrap();
        assert_eq!(found, ["[2001:db8::1]:5060".parse().unwrap()]);
        let found = smol::block_on(resolve("192.0.2.1", 5070)).unwrap();
        assert_eq!(found, ["192.0.2.1:5070".parse().unwrap()]);
    }

    #[test]
    fn the_name_of_this_machine_is_found() {
        let found = smol::block_on(resolve("localhost", 5060)).unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback()), "{found:?}");
    }
}
