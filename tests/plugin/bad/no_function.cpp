// Has a stamp that fits, and not the function that goes with it.
#include <proxon/plugin/synapse.hpp>

[[gnu::used, gnu::section(".proxon_stamp")]] static const proxon::Stamp stamp =
    proxon::make_stamp("synapse", "no_function", proxon::detail::Kind<proxon::synapse_kind>::layout);
