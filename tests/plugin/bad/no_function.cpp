// Has a stamp that fits, and not the function that goes with it.
#include <proxon/plugin/synapse.hpp>

PROXON_STAMP("synapse", "no_function", proxon::detail::Kind<proxon::synapse_kind>::layout);
