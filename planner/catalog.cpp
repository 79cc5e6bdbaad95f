#include "planner/catalog.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "planner/spec/spec_json.hpp"

namespace reckon {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_bytes = std::size_t{64} << 20U;  // what the JSON reader takes
constexpr std::string_view extension = ".json";

std::string_view folder_of(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::model:
      return "planner/models";
    case DocumentKind::cluster:
      return "topologies/clusters";
    case DocumentKind::device:
      return "topologies/devices";
    case DocumentKind::plan:
      return "planner/plans";
    case DocumentKind::topology:
      return "topologies/examples";
  }
  return {};
}

[[noreturn]] void fail(const std::string& file, std::string message) {
  throw InputError({{printable(file, 200), 0, 0, "", std::move(message)}});
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

[[noreturn]] void fail_unknown(const fs::path& folder, DocumentKind kind, const std::string& name,
                               const std::vector<std::string>& names) {
  std::string message = "no such " + std::string(enum_name(kind));
  if (names.empty()) {
    fail(name, message + "; " + printable(folder.string(), 200) + " holds none");
  }
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  if (const auto near = closest(name, candidates)) {
    message += "; did you mean \"" + std::string(*near) + "\"?";
  } else {
    message += '.';
  }
  fail(name, message + " Shipped: " + joined(names) + ". A file of your own: give a path with a " +
                 "'/' or one that ends in .json");
}

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

std::string read_all(std::FILE* file, const std::string& path) {
  std::string text;
  std::array<char, 65536> block{};
  while (const std::size_t bytes = std::fread(block.data(), 1, block.size(), file)) {
    text.append(block.data(), bytes);
    if (text.size() > most_bytes) fail(path, "larger than 64 MiB");
  }
  if (std::ferror(file) != 0) fail(path, "cannot be read: " + std::string(std::strerror(errno)));
  return text;
}

}  // namespace

std::vector<std::string> shipped_names(const std::string& data_dir, DocumentKind kind) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(fs::path(data_dir) / folder_of(kind), error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const fs::path& path = entry->path();
    if (path.extension() == extension) names.push_back(path.stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> shipped_measurements(const std::string& data_dir,
                                              const std::string& device_name) {
  std::vector<std::string> files;
  if (device_name.find('/') != std::string::npos) return files;
  std::error_code error;
  const fs::path device = find_document(data_dir, DocumentKind::device, device_name);
  fs::directory_iterator entry(fs::path(data_dir) / "topologies/measured" / device.stem(), error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    files.push_back(entry->path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string find_document(const std::string& data_dir, DocumentKind kind,
                          const std::string& name_or_path) {
  if (name_or_path.empty()) fail("", "the name of a " + std::string(enum_name(kind)) + " is empty");
  if (name_or_path.find('/') != std::string::npos || name_or_path.ends_with(extension)) {
    return name_or_path;
  }
  const fs::path folder = fs::path(data_dir) / folder_of(kind);
  const std::vector<std::string> names = shipped_names(data_dir, kind);
  std::string name = name_or_path;
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    std::replace(name.begin(), name.end(), '_', '-');  // other tools write h100_sxm
  }
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    fail_unknown(folder, kind, name_or_path, names);
  }
  return (folder / (name + std::string(extension))).string();
}

std::string read_text_file(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) fail(path, "is a folder; give a file");
  const File file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) {
    if (errno == ENOENT) fail(path, "no such file");
    fail(path, "cannot be opened: " + std::string(std::strerror(errno)));
  }
  std::string text = read_all(file.get(), path);
  if (text.empty()) fail(path, "is empty");
  return text;
}

ModelSpec load_model(const std::string& data_dir, const std::string& name_or_path) {
  const std::string path = find_document(data_dir, DocumentKind::model, name_or_path);
  return read_model(read_text_file(path), path);
}

ClusterSpec load_cluster(const std::string& data_dir, const std::string& name_or_path) {
  const std::string path = find_document(data_dir, DocumentKind::cluster, name_or_path);
  return read_cluster(read_text_file(path), path);
}

DeviceProfile load_device(const std::string& data_dir, const std::string& name_or_path) {
  const std::string path = find_document(data_dir, DocumentKind::device, name_or_path);
  return read_device(read_text_file(path), path);
}

Plan load_plan(const std::string& data_dir, const std::string& name_or_path) {
  const std::string path = find_document(data_dir, DocumentKind::plan, name_or_path);
  return read_plan(read_text_file(path), path);
}

}  // namespace reckon
