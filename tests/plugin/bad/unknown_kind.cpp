// Stamped as a kind that there is not.
#include <proxon/plugin/synapse.hpp>

[[gnu::used, gnu::section(".proxon_stamp")]] static const proxon::Stamp stamp =
    proxon::make_stamp("learning_rules", "unknown_kind", proxon::detail::Kind<proxon::synapse_kind>::layout);
