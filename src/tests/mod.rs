//! Whole behaviours in virtual time.

mod audio_path;
mod codec_path;
mod layers;
mod mistakes;
mod net;
mod page_link;
mod secrets;
mod shipped;
mod sip_admission;
mod sip_callee;
mod sip_caller;
mod sip_keys;
mod sip_link;
mod sip_message;
mod sip_noise;
mod sip_outside;
mod sip_proof;
mod sip_registrar;
mod sip_registration;
mod sip_reoffer;
mod sip_session_timer;
mod sip_strangers;
mod sip_tcp;
mod sip_timers;
mod sip_torture;
mod sip_trace;
