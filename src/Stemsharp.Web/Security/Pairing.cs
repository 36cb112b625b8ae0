using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Stemsharp.Web.Store;
using Stemsharp.Web.Text;

namespace Stemsharp.Web.Security;

/// <summary>
/// Lets in other machines of the network. A code that is shown on this machine is good for one of them, for a few minutes and a few tries;
/// what it gets in exchange is a secret of its own, of which only the hash is kept, and which can be taken from it.
/// </summary>
internal sealed class Pairing
{
    private const int Digits = 8;
    private const int MostTries = 5;
    private const int MostDevices = 50;
    private static readonly TimeSpan s_life = TimeSpan.FromMinutes(5);
    private readonly IDeviceStore _store;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, StoredDevice> _devices;
    private readonly Lock _gate = new();
    private string? _code;
    private DateTimeOffset _ends;
    private int _tries;

    public Pairing(IDeviceStore store, TimeProvider time)
    {
        (_store, _time) = (store, time);
        _devices = new(store.ReadDevices().ToDictionary(device => device.Id));
    }

    public IReadOnlyList<StoredDevice> Devices => [.. _devices.Values.OrderByDescending(device => device.Created)];

    /// <summary>The code that is good now, and until when; a new one where the last has been used or has run out.</summary>
    public (string Code, DateTimeOffset Ends) Code()
    {
        lock (_gate)
        {
            if (_code is null || _time.GetUtcNow() >= _ends)
            {
                _code = RandomNumberGenerator.GetString("0123456789", Digits);
                (_ends, _tries) = (_time.GetUtcNow() + s_life, 0);
            }

            return (_code, _ends);
        }
    }

    /// <summary>Exchanges the code for a secret; null where it is not the one that is good now.</summary>
    public string? Pair(string code, string? name)
    {
        string clean = new([.. code.Where(char.IsAsciiDigit)]);
        lock (_gate)
        {
            if (_code is not { } good || _time.GetUtcNow() >= _ends)
            {
                return null;
            }

            if (!CryptographicOperations.FixedTimeEquals(Hash(clean), Hash(good)))
            {
                // A code that is guessed at is none any more.
                _code = ++_tries >= MostTries ? null : _code;
                return null;
            }

            _code = null;
            string secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
            StoredDevice device = new(Id.New(), ClientText.Line(name) is { } line ? ClientText.Quoted(line) : "A device", Convert.ToHexStringLower(Hash(secret)), _time.GetUtcNow());
            foreach (StoredDevice old in Devices.Skip(MostDevices - 1))
            {
                Revoke(old.Id);
            }

            _store.SaveDevice(device);
            _devices[device.Id] = device;
            return secret;
        }
    }

    /// <summary>Whether a secret is that of a machine that is let in.</summary>
    public bool IsDevice(string? secret)
    {
        if (secret is null)
        {
            return false;
        }

        byte[] hash = Hash(secret);
        return _devices.Values.Any(device => CryptographicOperations.FixedTimeEquals(Convert.FromHexString(device.Hash), hash));
    }

    /// <summary>Lets a machine in no more.</summary>
    /// <returns>Whether it was let in.</returns>
    public bool Revoke(string id)
    {
        if (!_devices.ContainsKey(id))
        {
            return false;
        }

        _store.DeleteDevice(id);
        return _devices.TryRemove(id, out _);
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
