# The flags that both the framework and every plugin are built with; installed, so that plugins out of the tree get the same.
#
# -ffp-contract=off: the vector body of a loop and its scalar tail round alike, so that a result does not depend on where a
#   thread's share of the neurons begins (docs/decisions/equal_to_the_bit.md).
# -fno-math-errno -fno-trapping-math: change no result, and let the compiler vectorise sqrt and branches.
set(PROXON_KERNEL_FLAGS -ffp-contract=off -fno-math-errno -fno-trapping-math)

# What a plugin is linked with.
set(PROXON_PLUGIN_LINK_FLAGS -Wl,--version-script=${CMAKE_CURRENT_LIST_DIR}/proxon_exports.map)
