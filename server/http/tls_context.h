/// Certificates and the settings of TLS 1.2 and 1.3. threads: any
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <mutex>

#include "server/http/server.h"
#include "server/http/transport.h"

namespace holdfast::http {

class TlsContext {
public:
    static base::Expected<std::shared_ptr<TlsContext>, StartError> load(const TlsFiles& files);

    /// Reads the files again, for connections made from here on. When they are bad the old ones
    /// stay.
    base::Expected<void, StartError> reload();
    /// The server's side of a connection; null when there is no memory for it.
    [[nodiscard]] std::unique_ptr<Transport> make_transport(int socket) const;

private:
    using Context = std::shared_ptr<SSL_CTX>;
    TlsContext(TlsFiles files, Context context)
        : files_(std::move(files)), context_(std::move(context)) {}
    static base::Expected<Context, StartError> make(const TlsFiles& files);

    const TlsFiles files_;
    mutable std::mutex mutex_;
    Context context_;
};

}  // namespace holdfast::http
