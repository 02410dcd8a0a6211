/// The calls of the admin API by name, method and path: what the server listens to and what
/// `holdfast admin` asks for.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace holdfast::admin {

enum class Call {
    info,
    gc_report,
    gc_run,
    scrub_start,
    scrub_status,
    scrub_report,
    volume_resume,
    snapshot_create,
    snapshot_list,
    snapshot_delete,
};

inline constexpr std::string_view api_root = "/admin/v1/";
/// The query of gc_run: the operator consents to what the safety stop asks about.
inline constexpr std::string_view consent_query = "confirm=true";
/// The query of snapshot_create (or none) and snapshot_delete; the name follows.
inline constexpr std::string_view name_query = "name=";

struct CallPlace {
    Call call;
    std::string_view method;
    std::string_view path;  ///< behind api_root
};

inline constexpr std::array call_places{
    CallPlace{Call::info, "GET", "info"},
    CallPlace{Call::gc_report, "GET", "gc/report"},
    CallPlace{Call::gc_run, "POST", "gc/run"},
    CallPlace{Call::scrub_start, "POST", "scrub/start"},
    CallPlace{Call::scrub_status, "GET", "scrub/status"},
    CallPlace{Call::scrub_report, "GET", "scrub/report"},
    CallPlace{Call::volume_resume, "POST", "volume/resume"},
    CallPlace{Call::snapshot_create, "POST", "snapshot/create"},
    CallPlace{Call::snapshot_list, "GET", "snapshot/list"},
    CallPlace{Call::snapshot_delete, "POST", "snapshot/delete"},
};

constexpr const CallPlace& place_of(Call call) {
    return *std::find_if(call_places.begin(), call_places.end(),
                         [call](const CallPlace& place) { return place.call == call; });
}

}  // namespace holdfast::admin
