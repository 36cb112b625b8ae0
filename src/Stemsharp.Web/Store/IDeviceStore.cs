namespace Stemsharp.Web.Store;

/// <summary>Where machines that were let in outlive the process.</summary>
internal interface IDeviceStore
{
    /// <summary>All of them that can be read.</summary>
    IReadOnlyList<StoredDevice> ReadDevices();

    /// <summary>Keeps one.</summary>
    void SaveDevice(StoredDevice device);

    /// <summary>Forgets one.</summary>
    void DeleteDevice(string id);
}
