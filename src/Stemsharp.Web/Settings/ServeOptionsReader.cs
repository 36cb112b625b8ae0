using System.CommandLine;
using System.Net;

namespace Stemsharp.Web.Settings;

/// <summary>Makes options of arguments, and refuses what is unsafe or contradicts itself.</summary>
internal static class ServeOptionsReader
{
    public static ServeOptions Read(IReadOnlyList<string> arguments)
    {
        ServeArguments serve = new();
        RootCommand root = new("Stemsharp's local page and HTTP API.");
        serve.AddTo(root);
        ParseResult result = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (result.Errors.Count > 0)
        {
            throw new OptionException(string.Join(" ", result.Errors.Select(error => error.Message)));
        }

        if (result.GetValue(serve.Queue) is not null && serve.OfWorkers.FirstOrDefault(option => result.GetResult(option) is { Implicit: false }) is { } own)
        {
            throw new OptionException($"{own.Name} is up to the workers where --queue hands songs to them; give it to 'stemsharp work', or leave --queue out.");
        }

        return Check(new ServeOptions
        {
            DataFolder = result.GetValue(serve.Data) ?? DefaultFolder(),
            Port = result.GetValue(serve.Port),
            Lan = result.GetValue(serve.Lan),
            Address = ParseAddress(result.GetValue(serve.Listen)),
            HostNames = result.GetValue(serve.HostName) ?? [],
            Certificate = result.GetValue(serve.TlsCertificate),
            CertificateKey = result.GetValue(serve.TlsKey),
            BehindProxy = result.GetValue(serve.BehindProxy),
            OpenBrowser = !result.GetValue(serve.NoBrowser),
            Lifeline = result.GetValue(serve.Lifeline),
            JsonLog = result.GetValue(serve.JsonLog),
            MaxDiskBytes = result.GetValue(serve.MaxDisk),
            MaxUploadBytes = result.GetValue(serve.MaxUpload) ?? 4L << 30,
            MaxDuration = TimeSpan.FromMinutes(result.GetValue(serve.MaxDuration)),
            Keep = result.GetValue(serve.Keep) is { } days ? TimeSpan.FromDays(days) : null,
            Roots = [.. (result.GetValue(serve.AllowPath) ?? []).Select(Path.GetFullPath)],
            Model = result.GetValue(serve.Model),
            ModelFolder = result.GetValue(serve.Repo),
            Threads = result.GetValue(serve.Threads),
            Queue = result.GetValue(serve.Queue),
            Engine = serve.Engine.Read(result),
            Offline = result.GetValue(serve.Offline),
        });
    }

    private static ServeOptions Check(ServeOptions options)
    {
        if (options.Port is < 0 or > 65_535)
        {
            throw new OptionException($"{options.Port} is no port; valid are 0 (any that is free) to 65535.");
        }

        if (options.Lan && !options.CanOpenLan)
        {
            throw new OptionException("--lan opens a server that listens on this machine alone; one with --listen or --behind-proxy is on the network already. Leave one of them out.");
        }

        if (!options.IsLoopback && options.Certificate is null && !options.BehindProxy)
        {
            throw new OptionException(
                $"Listening on {options.Address} would send the token over the network in the clear. Give a certificate with --tls-certificate, or say --behind-proxy when a proxy in front speaks TLS.");
        }
        if ((!options.IsLoopback || options.BehindProxy) && options.HostNames.Count == 0)
        {
            throw new OptionException("Say with --host-name what clients call this server, such as 'studio.example': requests for other names are refused.");
        }

        if (options.Certificate is { } file && !File.Exists(file))
        {
            throw new OptionException($"The certificate {file} does not exist.");
        }

        if (options.CertificateKey is { } key && (options.Certificate is null || !File.Exists(key)))
        {
            throw new OptionException(options.Certificate is null ? "--tls-key belongs to --tls-certificate, which is not given." : $"The key {key} does not exist.");
        }

        foreach (string root in options.Roots)
        {
            if (!Directory.Exists(root))
            {
                throw new OptionException($"The folder {root} given with --allow-path does not exist.");
            }
        }
        return options;
    }

    private static IPAddress ParseAddress(string? text) => text is null ? IPAddress.Loopback
        : IPAddress.TryParse(text, out IPAddress? address) ? address
        : throw new OptionException($"'{text}' is no address to listen on; write one such as 0.0.0.0 or 192.168.1.5.");

    private static string DefaultFolder() => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "stemsharp", "web");
}
