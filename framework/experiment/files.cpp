#include "proxon/experiment/files.hpp"

#include <openssl/evp.h>

#include <filesystem>
#include <fstream>

namespace proxon {

std::string sha256_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) fail("{}: cannot be opened for reading.", path);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  PROXON_CHECK(context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1, "no SHA-256 in libcrypto");
  std::vector<char> block(1 << 16);
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0)
    EVP_DigestUpdate(context.get(), block.data(), static_cast<size_t>(in.gcount()));
  unsigned char sum[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_DigestFinal_ex(context.get(), sum, &length);
  return fmt::format("{:02x}", fmt::join(sum, sum + length, ""));
}

std::vector<std::pair<std::string, Values>> read_files(Table root) {
  std::vector<std::pair<std::string, Values>> files;
  for (auto& [name, table] : root.tables("files")) {
    Values values = table.read<FileSettings>();
    const auto& file = values.as<FileSettings>();
    const std::string path(file.path);
    if (!std::filesystem::is_regular_file(path)) {
      std::string help;
      if (!file.origin.empty()) help += fmt::format(" Get it from {}.", file.origin);
      if (!file.licence.empty()) help += fmt::format(" Licence: {}.", file.licence);
      if (!file.sha256.empty()) help += fmt::format(" SHA-256: {}.", file.sha256);
      fail("{}the file {} is not there.{}", table.where("path"), path, help);
    }
    if (!file.sha256.empty())
      if (const std::string sum = sha256_of(path); sum != file.sha256)
        fail("{}{} has the SHA-256 {}: it is not the file that this experiment was written for. Get that one{}{}, or declare the new sum.",
             table.where("sha256"), path, sum, file.origin.empty() ? "" : " from ", file.origin);
    files.emplace_back(name, std::move(values));
  }
  return files;
}

}  // namespace proxon
