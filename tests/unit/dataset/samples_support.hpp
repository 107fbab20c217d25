// What the tests of readers of samples share.
#pragma once
#include "../network/support.hpp"
#include "proxon/dataset/samples.hpp"

namespace network_test {

/// What a reader says of a file; "" where it reads it.
inline std::string refusal_of_samples(const std::string& path, const std::string& choice) {
  try {
    read_samples(reader(choice), path);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace network_test
