//! Hardware wallets on USB.

use {
    super::{SignerError, derivation},
    solana_remote_wallet::{
        locator::Locator, remote_keypair::generate_remote_keypair, remote_wallet::maybe_wallet_manager,
    },
    solana_signer::Signer,
    uriparse::URIReference,
};

/// The key on the device that `locator` (`usb://ledger[/PUBKEY][?key=ACCOUNT/CHANGE]`) names. `name` says whose it is.
///
/// # Errors
/// If there is no such device, it is locked, or its Solana app is closed.
pub(super) fn open(locator: &str, name: &str) -> Result<Box<dyn Signer>, SignerError> {
    let failed = |reason: String| SignerError::Device(locator.to_owned(), reason);
    let uri = URIReference::try_from(locator).map_err(|error| failed(error.to_string()))?;
    let device = Locator::new_from_uri(&uri).map_err(|error| failed(error.to_string()))?;
    let path = derivation(locator)?.unwrap_or_default();
    let manager = maybe_wallet_manager().map_err(|error| failed(error.to_string()))?;
    let manager = manager.ok_or_else(|| failed("no device is connected".to_owned()))?;
    let pair = generate_remote_keypair(device, path, &manager, false, name);
    Ok(Box::new(pair.map_err(|error| failed(error.to_string()))?))
}
