#include "proxon/experiment/sha256.hpp"

#include <openssl/evp.h>

#include "proxon/base/error.hpp"

namespace proxon {

void Sha256::Release::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  // Looked up once: libcrypto takes longer to find its function than to run it over a line of text.
  static const EVP_MD* function = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  PROXON_CHECK(context_ && function && EVP_DigestInit_ex(context_.get(), function, nullptr) == 1, "no SHA-256 in libcrypto");
}

void Sha256::add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }

std::array<uint8_t, 32> Sha256::sum() {
  std::array<uint8_t, 32> sum;
  EVP_DigestFinal_ex(context_.get(), sum.data(), nullptr);
  return sum;
}

}  // namespace proxon
