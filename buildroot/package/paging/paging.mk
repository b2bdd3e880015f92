################################################################################
#
# paging
#
################################################################################

PAGING_VERSION = 0.1.0
PAGING_SITE = $(realpath $(BR2_EXTERNAL_PAGINGBOX_PATH)/..)
PAGING_SITE_METHOD = local
PAGING_LICENSE = Apache-2.0 or MIT
PAGING_LICENSE_FILES = LICENSE-APACHE LICENSE-MIT
PAGING_DEPENDENCIES = alsa-lib host-pkgconf

# target/ may hold this very build, and is big.
PAGING_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = \
	--exclude=/target --exclude=/ci/fuzz/target

# Buildroot sets the release profile through the environment; the program's
# own profile in Cargo.toml is the one it was measured with, so it counts.
PAGING_CARGO_ENV = \
	PKG_CONFIG_ALLOW_CROSS=1 \
	env \
	--unset=CARGO_PROFILE_RELEASE_CODEGEN_UNITS \
	--unset=CARGO_PROFILE_RELEASE_DEBUG \
	--unset=CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS \
	--unset=CARGO_PROFILE_RELEASE_INCREMENTAL \
	--unset=CARGO_PROFILE_RELEASE_LTO \
	--unset=CARGO_PROFILE_RELEASE_OPT_LEVEL \
	--unset=CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS \
	--unset=CARGO_PROFILE_RELEASE_SPLIT_DEBUGINFO

# A local tree passes by Buildroot's vendoring, which belongs to downloading:
# done here, unless the tree is a release that brings VENDOR/ with it, and
# again when Cargo.lock changed. The build itself is offline and locked.
define PAGING_VENDOR_CRATES
	mkdir -p $(@D)/.cargo
	cd $(@D) && if ! test -d VENDOR || \
		{ test -f VENDOR.lock && ! cmp -s Cargo.lock VENDOR.lock; }; then \
		rm -rf VENDOR VENDOR.new && \
		$(HOST_MAKE_ENV) $(PKG_COMMON_CARGO_ENV) \
			cargo vendor --locked VENDOR.new >/dev/null && \
		cp Cargo.lock VENDOR.lock && \
		mv VENDOR.new VENDOR; \
	fi
	printf '%s\n' \
		'[source.crates-io]' 'replace-with = "vendored"' \
		'[source.vendored]' 'directory = "VENDOR"' \
		> $(@D)/.cargo/config.toml
endef
PAGING_PRE_BUILD_HOOKS += PAGING_VENDOR_CRATES

$(eval $(cargo-package))
