// Stamped as a kind that there is not.
#include <proxon/plugin/synapse.hpp>

PROXON_STAMP("learning_rules", "unknown_kind", proxon::detail::Kind<proxon::synapse_kind>::layout);
