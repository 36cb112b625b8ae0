using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Stemsharp.Web.Settings;
using Stemsharp.Web.Text;

namespace Stemsharp.Web.Security;

/// <summary>
/// Who may talk to the server. Other users of the machine reach the loopback interface too, so a token is needed
/// there as well; other web pages can make this browser send requests, so the names of host and origin are checked.
/// </summary>
internal sealed class Access
{
    private readonly byte[] _token;
    private readonly byte[] _cookie;
    private readonly ServeOptions _options;
    private readonly LanSwitch _lan;
    private readonly Pairing _pairing;

    public Access(string token, ServeOptions options, LanSwitch lan, Pairing pairing)
    {
        (_lan, _pairing) = (lan, pairing);
        Token = token;
        _token = SHA256.HashData(Encoding.UTF8.GetBytes(token));
        // What the cookie holds does not give the token away, and changes with it.
        Cookie = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(token), "stemsharp cookie"u8));
        _cookie = SHA256.HashData(Encoding.UTF8.GetBytes(Cookie));
        _options = options;
    }

    public string Token { get; }

    public string Cookie { get; }

    /// <summary>The token of a data folder: made at its first use, readable by its owner only.</summary>
    public static string ReadOrCreateToken(string path)
    {
        if (File.Exists(path) && File.ReadAllText(path).Trim() is { Length: >= 32 } kept)
        {
            return kept;
        }

        string token = Base64Url(RandomNumberGenerator.GetBytes(32));
        FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using StreamWriter file = new(path, options);
        file.WriteLine(token);
        return token;
    }

    /// <summary>The name has the port in it: cookies do not keep servers on different ports apart.</summary>
    private static string CookieName(HttpContext context) => $"stemsharp-{context.Connection.LocalPort}";

    public bool IsToken(string? text) => Same(text, _token);

    /// <summary>Refuses a request that calls the server by a name which is not its own.</summary>
    public void CheckHost(HttpContext context)
    {
        HostString host = context.Request.Host;
        if (IsLan(context))
        {
            if (LanAddresses.IsOwn(host.Host))
            {
                return;
            }

            throw new AccessException(AccessErrorKind.WrongHost, $"This server does not answer for '{ClientText.Quoted(host.Value)}'. Use the address that its page shows for other devices.");
        }

        bool ownLoopback = _options.IsLoopback && !_options.BehindProxy && (host.Host is "localhost" or "127.0.0.1" or "[::1]");
        if (!ownLoopback && !_options.HostNames.Contains(host.Host, StringComparer.OrdinalIgnoreCase))
        {
            throw new AccessException(
                AccessErrorKind.WrongHost,
                $"This server does not answer for '{ClientText.Quoted(host.Value)}'. Use the address that it printed at its start, or start it with --host-name.");
        }
    }

    /// <summary>Refuses what has not come by TLS to a proxy that was to speak it: the token has gone over a network in the clear.</summary>
    public void CheckScheme(HttpContext context)
    {
        if (!_options.BehindProxy || context.Request.IsHttps || IsLan(context))
        {
            return;
        }

        throw new AccessException(
            AccessErrorKind.InTheClear,
            "This server is behind a proxy that speaks TLS, and the request did not come that way. Call the proxy's https address; the proxy has to send 'X-Forwarded-Proto: https'.");
    }

    /// <summary>
    /// Refuses what another site makes the browser send. Browsers tell where a request comes from in Sec-Fetch-Site,
    /// and in Origin on everything that changes something; other programs send neither.
    /// </summary>
    public static void CheckOrigin(HttpContext context)
    {
        IHeaderDictionary headers = context.Request.Headers;
        StringValues site = headers["Sec-Fetch-Site"], origin = headers.Origin;
        bool foreign = site.Count > 0 && site is not (["same-origin"] or ["none"]);
        if (origin.Count > 0)
        {
            foreign |= origin.Count != 1 || !Uri.TryCreate(origin[0], UriKind.Absolute, out Uri? from)
                || !Uri.TryCreate($"{context.Request.Scheme}://{context.Request.Host.Value}", UriKind.Absolute, out Uri? own)
                || !string.Equals(from.GetLeftPart(UriPartial.Authority), own.GetLeftPart(UriPartial.Authority), StringComparison.OrdinalIgnoreCase);
        }
        if (foreign)
        {
            throw new AccessException(AccessErrorKind.CrossSite, "The request comes from another site. Only this server's own page and programs with the token may call it.");
        }
    }

    /// <summary>Whether a request has come through the door to the network.</summary>
    public bool IsLan(HttpContext context) => _lan.Port is { } port && context.Connection.LocalPort == port;

    /// <summary>Refuses what only the machine itself may do: a device that was let in lets in no others.</summary>
    public void CheckOwnMachine(HttpContext context)
    {
        if (IsLan(context))
        {
            throw new AccessException(AccessErrorKind.OwnMachineOnly, "Devices are let in and shut out on the computer that the server runs on.");
        }
    }

    /// <summary>
    /// Whether the request shows the token, or the cookie that was exchanged for it. From the network, the cookie of a device that was let in is
    /// what counts, and the token, which must not get there, does not.
    /// </summary>
    public bool IsAllowed(HttpContext context)
    {
        if (IsLan(context))
        {
            return _pairing.IsDevice(context.Request.Cookies[CookieName(context)]);
        }

        if (context.Request.Headers.Authorization is [{ } bearer] && bearer.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return IsToken(bearer["Bearer ".Length..].Trim());
        }

        return Same(context.Request.Cookies[CookieName(context)], _cookie);
    }

    /// <summary>Gives a browser its cookie.</summary>
    /// <param name="context">The request.</param>
    /// <param name="secret">A device's own; null for what the token is exchanged for.</param>
    /// <param name="delete">Whether it is taken away.</param>
    public void SetCookie(HttpContext context, string? secret = null, bool delete = false)
    {
        CookieOptions cookie = new()
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Strict,
            Secure = _options.IsSecure || context.Request.IsHttps,
            Path = "/",
            IsEssential = true,
            MaxAge = TimeSpan.FromDays(secret is null ? 30 : 365),
        };
        if (delete)
        {
            context.Response.Cookies.Delete(CookieName(context), cookie);
        }
        else
        {
            context.Response.Cookies.Append(CookieName(context), secret ?? Cookie, cookie);
        }
    }

    public static void SetHeaders(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy =
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; media-src blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()";
        headers.CacheControl = "no-store";
    }

    /// <summary>Lifts the limit on bodies, which is small, for a request that may be large.</summary>
    public static void AllowBody(HttpContext context, long bytes)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            feature.MaxRequestBodySize = bytes;
        }
    }

    private static bool Same(string? text, byte[] hash) =>
        text is not null && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(text)), hash);

    private static string Base64Url(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
