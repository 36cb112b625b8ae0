using Microsoft.AspNetCore.Http.HttpResults;
using QRCoder;
using Stemsharp.Client;
using Stemsharp.Web.Security;
using Stemsharp.Web.Settings;

namespace Stemsharp.Web.Api;

/// <summary>The door to the machine's own network: opened, shut, and who is let in.</summary>
internal static class LanApi
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/lan", (HttpContext context, Access access, LanSwitch lan, Pairing pairing) =>
            {
                access.CheckOwnMachine(context);
                return TypedResults.Ok(State(lan, pairing));
            })
            .Says("getLan", "Tells whether other devices of the network reach the server, where, by which code, and which were let in.", 403).WithTags("Server");

        api.MapPut("/lan", (HttpContext context, LanChange wanted, Access access, LanSwitch lan, Pairing pairing, ServeOptions options) =>
            {
                access.CheckOwnMachine(context);
                if (!options.CanOpenLan)
                {
                    throw new ApiError(ApiErrorKind.Conflict, "This server listens on the network already, or behind a proxy: it has names and a certificate of its own.");
                }

                lan.Turn(wanted.On, options.LanPort);
                return TypedResults.Ok(State(lan, pairing));
            })
            .Says("changeLan", "Opens the server to other devices of the network, or shuts it.", 403, 409, 422).WithTags("Server");

        api.MapGet("/lan/qr.svg", Picture).Produces(200, contentType: "image/svg+xml")
            .Says("getLanPicture", "A QR code with the address of the page for a device, the pairing code in it.", 403, 409).WithTags("Server");

        api.MapDelete("/lan/devices/{id}", (HttpContext context, string id, Access access, Pairing pairing) =>
            {
                access.CheckOwnMachine(context);
                return pairing.Revoke(Routes.CheckId("device", id)) ? TypedResults.NoContent() : throw ApiError.NotFound("device", id);
            })
            .Says("revokeDevice", "Lets a device in no more.", 403, 404).WithTags("Server");
    }

    private static LanState State(LanSwitch lan, Pairing pairing)
    {
        Device[] devices = [.. pairing.Devices.Select(device => new Device(device.Id, device.Name, device.Created))];
        if (lan.Port is null)
        {
            return new LanState(false, devices);
        }

        (string code, DateTimeOffset ends) = pairing.Code();
        return new LanState(true, devices) { Addresses = [.. lan.Addresses.Select(address => address.ToString())], Code = code, CodeEnds = ends };
    }

    private static ContentHttpResult Picture(HttpContext context, Access access, LanSwitch lan, Pairing pairing)
    {
        access.CheckOwnMachine(context);
        if (lan.Addresses is not [Uri address, ..])
        {
            throw new ApiError(ApiErrorKind.Conflict, "The server is not open to the network, or this machine is in none.");
        }

        using QRCodeData data = QRCodeGenerator.GenerateQrCode($"{address}#pair={pairing.Code().Code}", QRCodeGenerator.ECCLevel.M);
        using SvgQRCode picture = new(data);
        // Black on white in both themes: that is what cameras look for.
        return TypedResults.Content(picture.GetGraphic(4, "#000000", "#ffffff"), "image/svg+xml");
    }
}
