using Stemsharp.Checkpoints;
using Stemsharp.Checkpoints.Catalog;

namespace Stemsharp;

public sealed partial class ModelCatalog
{
    /// <summary>
    /// Finds out what of these files has to be fetched. Licences that must be accepted are asked about before anything is;
    /// progress tells what is fetched, and under which licence, with every report, and once before any server is asked where the size is known.
    /// </summary>
    private IProgress<DownloadProgress>? Announce(IEnumerable<(CatalogEntry Entry, CatalogFile File)> files, IProgress<DownloadProgress>? progress)
    {
        if (_options.Offline)
        {
            return progress;
        }

        Dictionary<string, DownloadNotice> notices = [];
        foreach (IGrouping<string, (CatalogEntry Entry, CatalogFile File)> model in files.Where(f => _store.Missing(f.File).Any()).Distinct().GroupBy(f => f.Entry.Name))
        {
            CatalogFile[] missing = [.. model.SelectMany(f => _store.Missing(f.File))];
            long? bytes = Sum(missing.Intersect(model.Select(f => f.File)).Select(f => f.Bytes));
            DownloadNotice notice = new(model.Key, [.. missing.Select(f => f.Name)], bytes, LicenceOf(model.First().Entry))
            {
                Unusable = [.. missing.SelectMany(_store.Unusable)],
            };
            if (notice.Licence is { MustBeAccepted: true } && _options.AcceptLicence?.Invoke(notice) != true)
            {
                throw new ModelException(
                    $"{notice.Model} was not fetched: its publisher demands that its licence is accepted first: {notice.Licence}. Accept it with 'stemsharp models download {notice.Model} --accept-licence', or in code with ModelCatalogOptions.AcceptLicence.")
                { Failure = ModelFailure.Licence };
            }

            foreach (CatalogFile file in missing)
            {
                notices[file.Name] = notice;
            }

            if (bytes is not null)
            {
                progress?.Report(new DownloadProgress(missing[0].Name, 0, missing[0].Bytes) { Notice = notice });
            }
        }

        return progress is null || notices.Count == 0 ? progress : new AnnouncedProgress(progress, notices);
    }

    /// <summary>What is known of an entry's licence; a user's entry without a record may still name files of which it is known.</summary>
    private ModelLicence? LicenceOf(CatalogEntry entry) =>
        ModelLicence.Of(entry.Licence) ?? entry.Files.Select(file => LicenceOfFile(Path.GetFileName(file.Name))).FirstOrDefault(licence => licence is not null);

    /// <summary>What is known of a file by its name. Only names with a checksum count, for these are compared with the content.</summary>
    private ModelLicence? LicenceOfFile(string name) => FileNames.Parse(name).Checksum is null
        ? null
        : ModelLicence.Of(OfficialModels.Entries.Concat(_entries).FirstOrDefault(e => e.Licence is not null && e.Files.Any(f => f.Name == name))?.Licence);

    private static long? Sum(IEnumerable<long?> bytes) => bytes.Aggregate((long?)0, (sum, one) => sum + one);

    private sealed class AnnouncedProgress(IProgress<DownloadProgress> progress, IReadOnlyDictionary<string, DownloadNotice> notices) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) => progress.Report(value with { Notice = notices.GetValueOrDefault(value.File) });
    }
}
