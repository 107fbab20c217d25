#include "proxon/plugin/registry.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/dll/shared_library.hpp>
#include <cstdlib>
#include <filesystem>
#include <sstream>

namespace proxon {

namespace fs = std::filesystem;

std::span<const KindInfo> plugin_kinds() {
  static const KindInfo kinds[] = {
      {"neuron", "neurons", "what one neuron does in one step", detail::Kind<neuron_kind>::layout},
      {"synapse", "synapses", "what arrives when a spike goes through a synapse", detail::Kind<synapse_kind>::layout},
      {"learning_rule", "learning_rules", "how a synapse changes", detail::Kind<learning_rule_kind>::layout},
      {"connectivity", "connectivity", "who connects to whom", detail::Kind<connectivity_kind>::layout},
      {"stimulus", "stimuli", "what drives neurons from outside", detail::Kind<stimulus_kind>::layout},
      {"approximator", "approximators", "a deep network that stands in for a biological one", detail::Kind<approximator_kind>::layout},
      {"optimizer", "optimizers", "how a gradient moves a weight", detail::Kind<optimizer_kind>::layout},
      {"metric", "metrics", "figures that compare the two networks", detail::Kind<metric_kind>::layout},
      {"sampler", "samplers", "which point of a search space a sweep tries next", detail::Kind<sampler_kind>::layout},
      {"reader", "readers", "takes a network, or samples to learn from, out of a file", detail::Kind<reader_kind>::layout},
  };
  return kinds;
}

Stamp host_stamp() { return make_stamp("", "", 0); }

std::string instruction_set_text(uint64_t bits) {
  std::string text;
  for (size_t i = 0; i < std::size(instruction_set_names); ++i)
    if (bits >> i & 1) text += (text.empty() ? "" : ", ") + std::string(instruction_set_names[i]);
  if (bits >> std::size(instruction_set_names)) text += std::string(text.empty() ? "" : ", ") + "sets that this version does not know";
  return text.empty() ? "none beyond x86-64" : text;
}

namespace {

/// Which of the stamp's instruction sets this processor has.
uint64_t processor_sets() {
  uint64_t bits = 0;
#define PROXON_HAS(position, name) \
  if (__builtin_cpu_supports(name)) bits |= uint64_t{1} << position
  PROXON_HAS(0, "sse4.2");
  PROXON_HAS(1, "avx");
  PROXON_HAS(2, "avx2");
  PROXON_HAS(3, "fma");
  PROXON_HAS(4, "bmi");
  PROXON_HAS(5, "bmi2");
  PROXON_HAS(6, "f16c");
  PROXON_HAS(7, "avx512f");
  PROXON_HAS(8, "avx512dq");
  PROXON_HAS(9, "avx512bw");
  PROXON_HAS(10, "avx512vl");
  PROXON_HAS(11, "avx512cd");
  PROXON_HAS(12, "avx512vbmi");
  PROXON_HAS(13, "avx512vnni");
  PROXON_HAS(14, "avx512bf16");
  PROXON_HAS(15, "avxvnni");
  PROXON_HAS(16, "lzcnt");
  PROXON_HAS(17, "avx512ifma");
  PROXON_HAS(18, "avx512vbmi2");
  PROXON_HAS(19, "avx512vpopcntdq");
  PROXON_HAS(20, "avx512bitalg");
  PROXON_HAS(21, "gfni");
#undef PROXON_HAS
  return bits;
}

std::string demangled(const std::string& symbol) {
  int status = 0;
  char* text = abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status);
  const std::string result = status == 0 ? text : symbol;
  std::free(text);
  return result;
}

/// dlopen's own words, with the name of a missing symbol made readable.
std::string open_error() {
  const char* raw = dlerror();
  std::string text = raw ? raw : "unknown reason";
  const std::string mark = "undefined symbol: ";
  if (const size_t at = text.find(mark); at != std::string::npos) {
    const std::string symbol = text.substr(at + mark.size(), text.find_first_of(" (\t", at + mark.size()) - at - mark.size());
    return fmt::format("it uses '{}', which neither it nor a library that it links defines; define it, or link its library", demangled(symbol));
  }
  return text;
}

/// A file whose beginning is at hand: what is looked for mostly lies there.
class Beginning {
 public:
  explicit Beginning(const std::string& file) : number_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status {};
    if (number_ < 0 || fstat(number_, &status) != 0) fail("{}: cannot be opened for reading.", file);
    size_ = static_cast<uint64_t>(status.st_size);
    held_ = static_cast<size_t>(std::max<ssize_t>(0, pread(number_, page_.data(), page_.size(), 0)));
  }
  ~Beginning() { ::close(number_); }
  Beginning(const Beginning&) = delete;

  uint64_t size() const { return size_; }
  /// The T at a place; all zeros where the file ends before.
  template <class T>
  T at(uint64_t place) const {
    T value{};
    if (place > size_ || size_ - place < sizeof(T)) return value;
    if (place + sizeof(T) <= held_)
      std::memcpy(&value, page_.data() + place, sizeof(T));
    else if (pread(number_, &value, sizeof(T), static_cast<off_t>(place)) != sizeof(T))
      value = {};
    return value;
  }

 private:
  int number_;
  uint64_t size_ = 0;
  size_t held_ = 0;
  std::array<char, 4096> page_;
};

/// The note that a plugin carries; all zeros when it has none. Refuses what is not a whole shared object for this processor: the system's
/// loader ends the process on some of these.
Stamp stamp_note(const Beginning& file, const std::string& name) {
  const auto head = file.at<Elf64_Ehdr>(0);
  if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
    fail("{}: is not a shared object; build it with proxon_add_plugin() or g++ -shared -fPIC.", name);
  if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_machine != EM_X86_64)
    fail("{}: is built for another processor; build it again on this machine.", name);
  if (head.e_type != ET_DYN) fail("{}: is not a shared object; build it with proxon_add_plugin() or g++ -shared -fPIC.", name);
  // Linkers write the table of sections last.
  const uint64_t sections = uint64_t{head.e_shnum} * sizeof(Elf64_Shdr);
  if (head.e_shoff > file.size() || file.size() - head.e_shoff < sections)
    fail("{}: is cut short, as a file is that was not copied to its end; build or copy it again.", name);

  for (uint64_t i = 0; i < head.e_phnum; ++i) {
    const auto segment = file.at<Elf64_Phdr>(head.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type != PT_NOTE) continue;
    const uint64_t unit = segment.p_align == 8 ? 8 : 4;
    const auto padded = [&](uint64_t bytes) { return (bytes + unit - 1) / unit * unit; };
    for (uint64_t at = 0, end = std::min<uint64_t>(segment.p_filesz, file.size()); at + sizeof(Elf64_Nhdr) <= end;) {
      const auto note = file.at<Elf64_Nhdr>(segment.p_offset + at);
      if (note.n_namesz == sizeof(stamp_owner) && note.n_descsz == sizeof(Stamp) - offsetof(Stamp, interface)) {
        const auto stamp = file.at<Stamp>(segment.p_offset + at);
        if (std::memcmp(stamp.owner, stamp_owner, sizeof(stamp_owner)) == 0) return stamp;
      }
      at += padded(sizeof(Elf64_Nhdr) + note.n_namesz) + padded(note.n_descsz);
    }
  }
  return {};
}

const KindInfo* find_kind(std::string_view kind) {
  for (const KindInfo& info : plugin_kinds())
    if (info.kind == kind) return &info;
  return nullptr;
}

}  // namespace

Stamp read_stamp(const std::string& file) {
  Stamp stamp = stamp_note(Beginning(file), file);
  if (stamp.owner_size == 0)
    fail("{}: is not a Proxon plugin: it holds no stamp. Does its source end with PROXON_PLUGIN(kind, name, Struct)?", file);
  stamp.kind[sizeof(stamp.kind) - 1] = stamp.name[sizeof(stamp.name) - 1] = stamp.compiler[sizeof(stamp.compiler) - 1] = 0;
  return stamp;
}

std::string judge(const Stamp& stamp, const std::string& file) {
  const Stamp host = host_stamp();
  if (stamp.interface != host.interface)
    return fmt::format("{}: was built for plugin interface {} and this program has interface {}; build it again with this version's headers.",
                       file, stamp.interface, host.interface);
  std::vector<std::string_view> kinds;
  for (const KindInfo& info : plugin_kinds()) kinds.push_back(info.kind);
  const KindInfo* kind = find_kind(stamp.kind);
  if (!kind) return fmt::format("{}: is a plugin of kind '{}', which this program does not know.{}", file, stamp.kind, did_you_mean(stamp.kind, kinds));
  if (stamp.layout != kind->layout)
    return fmt::format("{}: was built with another layout of the {} interface ({:016x}, here {:016x}); build it again with this version's headers.",
                       file, stamp.kind, stamp.layout, kind->layout);
  if (stamp.fast_math && !host.fast_math)
    return fmt::format("{}: was built with -ffast-math, which would change the arithmetic of the whole program when loaded; build it without.", file);
  if (stamp.sanitizers != host.sanitizers)
    return fmt::format("{}: was built {} and this program {}; build both alike.", file,
                       stamp.sanitizers & address_sanitizer  ? "with address sanitizer"
                       : stamp.sanitizers & thread_sanitizer ? "with thread sanitizer"
                                                             : "without a sanitizer",
                       host.sanitizers & address_sanitizer  ? "with address sanitizer"
                       : host.sanitizers & thread_sanitizer ? "with thread sanitizer"
                                                            : "without a sanitizer");
  if (const uint64_t missing = stamp.instruction_sets & ~processor_sets())
    return fmt::format("{}: uses instructions that this processor lacks ({}); build it on this machine, or with -march=x86-64-v3.", file,
                       instruction_set_text(missing));
  return "";
}

Registry::Registry(std::vector<std::string> folders) : folders_(std::move(folders)) {}

void Registry::look_through() {
  if (std::exchange(looked_through_, true)) return;
  for (const std::string& folder : folders_) {
    std::error_code none;
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(folder, none))
      if (entry.path().extension() == ".so") files.push_back(entry.path().string());
    std::sort(files.begin(), files.end());
    for (const std::string& file : files) {
      try {
        add(file);
      } catch (const Error& error) {
        refused_.push_back({file, error.what()});
      }
    }
  }
}

const FoundPlugin& Registry::add(const std::string& file) { return add(file, read_stamp(file)); }

const FoundPlugin& Registry::add(const std::string& file, const Stamp& stamp) {
  if (const std::string why = judge(stamp, file); !why.empty()) throw Error(why);
  const auto [at, is_new] = plugins_.try_emplace({stamp.kind, stamp.name});
  FoundPlugin& there = at->second;
  if (!is_new) {
    std::error_code none;
    if (fs::equivalent(there.file, file, none)) return there;
    const auto bears_name = [&](const std::string& path) { return fs::path(path).stem() == stamp.name; };
    const auto twice = [&](const std::string& refused, const std::string& taken) {
      return fmt::format("{}: there is already {} called '{}', from {}; rename one of them.", refused, with_article(stamp.kind), stamp.name, taken);
    };
    if (there.info || !bears_name(file) || bears_name(there.file)) throw Error(twice(file, there.file));
    refused_.push_back({there.file, twice(there.file, file)});
  }
  return there = FoundPlugin{stamp.kind, stamp.name, file, stamp, nullptr};
}

FoundPlugin* Registry::lookup(std::string_view kind, std::string_view name) {
  const auto known = [&] {
    const auto found = plugins_.find({std::string(kind), std::string(name)});
    return found == plugins_.end() ? nullptr : &found->second;
  };
  if (FoundPlugin* plugin = known()) return plugin;
  if (!looked_through_ && name.find('/') == name.npos) {
    for (const std::string& folder : folders_) {
      const std::string file = fmt::format("{}/{}.so", folder, name);
      if (access(file.c_str(), F_OK) != 0) continue;
      try {
        const Stamp stamp = read_stamp(file);
        if (kind == stamp.kind && name == stamp.name) add(file, stamp);
      } catch (const Error&) {
        // look_through() will note it
      }
      if (FoundPlugin* plugin = known()) return plugin;
    }
  }
  look_through();
  return known();
}

const PluginInfo& Registry::open(FoundPlugin& plugin) {
  if (plugin.info) return *plugin.info;
  // Boost.DLL drops the loader's own words; dlerror() still has them.
  std::error_code error;
  boost::dll::shared_library library(fs::absolute(plugin.file).string(), boost::dll::load_mode::rtld_now, error);
  if (error) fail("{}: cannot be loaded: {}.", plugin.file, open_error());
  if (!library.has("proxon_plugin"))
    fail("{}: has a stamp but no function proxon_plugin; its source must end with PROXON_PLUGIN(kind, name, Struct).", plugin.file);
  const PluginInfo* info = library.get<const PluginInfo*()>("proxon_plugin")();
  if (plugin.kind != info->kind || plugin.name != info->name)
    fail("{}: is stamped as {} '{}' and says that it is {} '{}'; build it again.", plugin.file, plugin.kind, plugin.name, info->kind, info->name);
  plugin.info = info;
  // Its code and its tables are used until the program ends.
  static std::vector<boost::dll::shared_library> loaded;
  loaded.push_back(std::move(library));
  return *info;
}

const PluginInfo& Registry::find(std::string_view kind, std::string_view name) {
  if (FoundPlugin* plugin = lookup(kind, name)) return open(*plugin);

  // Say what there is, what is near, and whether a file of that name was refused.
  std::vector<std::string> names;
  for (const auto& [key, plugin] : plugins_)
    if (key.first == kind) names.push_back(key.second);
  for (const RefusedPlugin& refused : refused_)
    if (fs::path(refused.file).stem() == name) fail("the {} '{}' was refused: {}", kind, name, refused.reason);
  if (names.empty())
    fail("no plugin of kind {} was found; searched: {}. Set PROXON_PLUGIN_PATH to the folder of the plugins.", kind, fmt::join(folders_, ", "));
  fail("there is no {} called '{}'; there are: {}.{}", kind, name, fmt::join(names, ", "), did_you_mean(name, names));
}

std::vector<FoundPlugin> Registry::found() {
  look_through();
  std::vector<FoundPlugin> all;
  for (const auto& [key, plugin] : plugins_) all.push_back(plugin);
  return all;
}

const std::vector<RefusedPlugin>& Registry::refused() {
  look_through();
  return refused_;
}

std::vector<std::string> default_folders(const std::string& experiment_folder) {
  std::vector<std::string> folders;
  auto add = [&](const fs::path& folder) {
    std::error_code none;
    if (fs::is_directory(folder, none) && std::find(folders.begin(), folders.end(), folder.string()) == folders.end())
      folders.push_back(folder.string());
  };
  if (const char* path = std::getenv("PROXON_PLUGIN_PATH")) {
    std::istringstream stream{std::string(path)};
    for (std::string folder; std::getline(stream, folder, ':');)
      if (!folder.empty()) add(folder);
  }
  if (!experiment_folder.empty()) add(experiment_folder), add(fs::path(experiment_folder) / "plugins");
  // Beside the program: <prefix>/bin/proxon has <prefix>/lib*/proxon/plugins.
  std::error_code none;
  const fs::path prefix = fs::read_symlink("/proc/self/exe", none).parent_path().parent_path();
  add(prefix / "lib" / "proxon" / "plugins");
#ifdef PROXON_LIBDIR
  add(prefix / PROXON_LIBDIR / "proxon" / "plugins");
#endif
  return folders;
}

void check(const Status& status, std::string_view kind, std::string_view name) {
  if (status.failed) fail("{} '{}': {}", kind, name, status.message.c_str());
}

PluginValue plugin_value(PluginCatalog& catalog, std::string_view kind, std::string_view name) {
  const PluginInfo& plugin = catalog.find(kind, name);
  return {std::string(kind), std::string(name), &plugin, Values(catalog.parameters(plugin))};
}

}  // namespace proxon
